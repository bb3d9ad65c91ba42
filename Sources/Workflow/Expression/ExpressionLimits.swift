/// The bounds of the expression language.
package enum ExpressionLimits {
    /// Unicode scalars in one expression; GitHub's bound.
    package static let length = 21_000
    /// Height of the syntax tree; GitHub's bound. Parentheses alone do not count.
    package static let depth = 50
    /// Parentheses, brackets and calls that stand open at once, so that the parser's own stack stays small.
    package static let openGroups = 200
    /// Parameters of a function that takes any number of them; GitHub's bound.
    package static let parameters = 255
    /// Elements of a list that a function makes (`range`, `split`, `flatten`, …) and paths that `glob` finds.
    package static let elements = 1_000_000
    /// Patterns that the braces of one `glob` pattern stand for.
    package static let globAlternatives = 1_024
    /// Folders inside one another that `**` descends.
    package static let globDepth = 128
}
