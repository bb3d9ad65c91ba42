/// An expression of GitHub's `${{ }}` language with Rayflow's functions: the text between the braces, parsed.
///
/// Everything that can be refused without values is refused here: unknown names and functions, wrong numbers of parameters, too deep nesting.
package struct Expression: Sendable {
    package let source: String
    private let root: Node

    private init(source: String, root: Node) {
        self.source = source
        self.root = root
    }

    /// An empty text is `null`.
    package static func parse(_ text: String, names: ExpressionNames = .any) throws(ExpressionError) -> Expression {
        Expression(source: text, root: try Parser.parse(text, names: names))
    }

    /// Each mention of a context, from left to right.
    package var references: [ContextReference] { root.references }

    /// The functions that are called, in their own spelling.
    package var functions: Set<String> {
        var names: Set<String> = []
        root.walk { node in if case .call(let function, _, _) = node { names.insert(function.name) } }
        return names
    }

    /// References pass through untouched wherever their content does not matter.
    package func evaluate(in context: some EvaluationContext) throws(EvaluationFault) -> Value {
        try Evaluator(context: context, source: source).evaluate(root)
    }

    /// The truth of the value, as `if` wants it; a reference's content is needed for that.
    package func evaluateCondition(in context: some EvaluationContext) throws(EvaluationFault) -> Bool {
        let evaluator = Evaluator(context: context, source: source)
        return try evaluator.content(of: evaluator.evaluate(root)).isTruthy
    }
}

extension Expression: Hashable {
    package static func == (left: Expression, right: Expression) -> Bool { left.source == right.source }
    package func hash(into hasher: inout Hasher) { hasher.combine(source) }
}
