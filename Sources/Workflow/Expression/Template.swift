internal import RayflowCore

/// A YAML scalar with any number of `${{ }}` in it.
///
/// A scalar that is exactly one `${{ }}` has the expression's value, whatever its kind, also a reference. Otherwise the values are put into the
/// text: lists and maps as compact JSON, null as nothing, all else as GitHub does.
package struct Template: Sendable {
    enum Part: Sendable {
        case text(String)
        /// `offset`: of the expression's first scalar, from 0, within the template.
        case expression(Expression, offset: Int)
    }

    package let source: String
    let parts: [Part]

    init(source: String, parts: [Part]) {
        self.source = source
        self.parts = parts
    }

    /// Whether there is no expression in it.
    package var isLiteral: Bool { expressions.isEmpty }

    /// Whether it is exactly one expression, and so keeps the kind of its value.
    package var isWhole: Bool { if case .expression = parts.first { parts.count == 1 } else { false } }

    /// The expressions, with the offset (in Unicode scalars, from 0) at which the text of each begins.
    package var expressions: [(expression: Expression, offset: Int)] {
        parts.compactMap { if case .expression(let expression, let offset) = $0 { (expression, offset) } else { nil } }
    }

    package var references: [ContextReference] {
        expressions.flatMap { expression, offset in
            expression.references.map { ContextReference(context: $0.context, path: $0.path, offset: $0.offset + offset) }
        }
    }

    /// The functions that are called, in their own spelling.
    package var functions: Set<String> { expressions.reduce(into: []) { $0.formUnion($1.expression.functions) } }

    package func evaluate(in context: some EvaluationContext) throws(EvaluationFault) -> Value {
        if isWhole, case .expression(let expression, let offset) = parts[0] { return try evaluate(expression, offset, context) }
        var values: [Value] = []
        for part in parts {
            switch part {
            case .text(let text): values.append(.string(text))
            case .expression(let expression, let offset): values.append(try evaluate(expression, offset, context))
            }
        }
        return .string(try Evaluator(context: context, source: source).deepContents(of: values).map(\.mixedText).joined())
    }

    /// The truth of the value, as `if` wants it.
    package func evaluateCondition(in context: some EvaluationContext) throws(EvaluationFault) -> Bool {
        try Evaluator(context: context, source: source).content(of: evaluate(in: context)).isTruthy
    }

    private func evaluate(_ expression: Expression, _ offset: Int, _ context: some EvaluationContext) throws(EvaluationFault) -> Value {
        do { return try expression.evaluate(in: context) } catch { throw error.moved(by: offset) }
    }
}

extension Template: Hashable {
    package static func == (left: Template, right: Template) -> Bool { left.source == right.source && left.isWhole == right.isWhole }
    package func hash(into hasher: inout Hasher) { hasher.combine(source) }
}

extension Value {
    /// How the value reads within other text.
    fileprivate var mixedText: String {
        switch self {
        case .array, .object: plainJSON.compact
        default: coercedText
        }
    }
}
