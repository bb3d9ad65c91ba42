/// What is wrong with an expression, and where.
package struct ExpressionError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Stage: Hashable, Sendable {
        /// The text has no tokens.
        case lexing
        /// There is no syntax tree: also unknown names and functions, wrong numbers of parameters, too deep nesting.
        case parsing
        case evaluation
    }

    package var stage: Stage
    /// The fault alone, without place and without a full stop.
    package var reason: String
    /// What to write instead, when there is a good guess: `did you mean 'len'?`
    package var hint: String?
    /// From 1, in Unicode scalars, within ``expression``.
    package var position: Int
    package var expression: String
    /// From 0, in Unicode scalars, within the whole scalar that holds the expression.
    package var offset: Int

    init(_ stage: Stage, _ reason: String, hint: String? = nil, at position: Int, in expression: String) {
        self.stage = stage
        self.reason = reason
        self.hint = hint
        self.position = position
        self.expression = expression
        offset = position - 1
    }

    /// In the form in which GitHub words it.
    package var message: String { "\(reason). Located at position \(position) within expression: \(expression)" }

    /// For diagnostics that show the place themselves.
    package var description: String { hint.map { "\(reason); \($0)" } ?? reason }

    func moved(by scalars: Int) -> ExpressionError {
        var moved = self
        moved.offset += scalars
        return moved
    }
}
