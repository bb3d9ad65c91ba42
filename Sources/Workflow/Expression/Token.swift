/// A word of the language.
struct Token: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case leftParenthesis, rightParenthesis, leftBracket, rightBracket, comma, dot, star, not
        case comparison(Comparison)
        case and, or
        case identifier
        case literal(Value)
    }

    var kind: Kind
    /// As written.
    var text: String
    /// From 1, in Unicode scalars.
    var position: Int
}

enum Comparison: String, Hashable, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="

    var binds: Int {
        switch self {
        case .equal, .notEqual: 1
        case .less, .lessOrEqual, .greater, .greaterOrEqual: 2
        }
    }
}
