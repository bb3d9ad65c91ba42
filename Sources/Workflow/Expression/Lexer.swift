/// Cuts an expression into tokens.
struct Lexer {
    private let source: String
    private let scalars: [Unicode.Scalar]
    private var at = 0
    private var tokens: [Token] = []

    init(_ source: String) {
        self.source = source
        scalars = Array(source.unicodeScalars)
    }

    static func tokens(of source: String) throws(ExpressionError) -> [Token] {
        var lexer = Lexer(source)
        guard lexer.scalars.count <= ExpressionLimits.length else {
            throw ExpressionError(.lexing, "Exceeded max expression length \(ExpressionLimits.length)", at: 1, in: source)
        }
        while try lexer.next() {}
        return lexer.tokens
    }

    private mutating func next() throws(ExpressionError) -> Bool {
        while at < scalars.count, scalars[at].properties.isWhitespace { at += 1 }
        guard at < scalars.count else { return false }
        switch scalars[at] {
        case "(": add(.leftParenthesis, length: 1)
        case ")": add(.rightParenthesis, length: 1)
        case "[": add(.leftBracket, length: 1)
        case "]": add(.rightBracket, length: 1)
        case ",": add(.comma, length: 1)
        case "*": add(.star, length: 1)
        case ".": if isAfterOperand { add(.dot, length: 1) } else { try number() }
        case "+", "-", "0"..."9": try number()
        case "'": try string()
        case "!": if peek(1) == "=" { add(.comparison(.notEqual), length: 2) } else { add(.not, length: 1) }
        case "<": if peek(1) == "=" { add(.comparison(.lessOrEqual), length: 2) } else { add(.comparison(.less), length: 1) }
        case ">": if peek(1) == "=" { add(.comparison(.greaterOrEqual), length: 2) } else { add(.comparison(.greater), length: 1) }
        case "=" where peek(1) == "=": add(.comparison(.equal), length: 2)
        case "&" where peek(1) == "&": add(.and, length: 2)
        case "|" where peek(1) == "|": add(.or, length: 2)
        default: try word()
        }
        return true
    }

    /// Whether a dot here would follow something that has properties.
    private var isAfterOperand: Bool {
        switch tokens.last?.kind {
        case .identifier, .rightBracket, .rightParenthesis, .star: true
        default: false
        }
    }

    private mutating func number() throws(ExpressionError) {
        let end = boundary(after: at) { $0 != "." && Self.isBoundary($0) }
        let value = NumberForm.number(text(to: end))
        guard !value.isNaN else { throw unexpected(to: end) }
        add(.literal(.number(value)), length: end - at)
    }

    private mutating func string() throws(ExpressionError) {
        var value = String.UnicodeScalarView()
        var end = at + 1
        while end < scalars.count {
            if scalars[end] == "'" {
                guard end + 1 < scalars.count, scalars[end + 1] == "'" else {
                    return add(.literal(.string(String(value))), length: end + 1 - at)
                }
                end += 1
            }
            value.append(scalars[end])
            end += 1
        }
        throw unexpected(to: end)
    }

    private mutating func word() throws(ExpressionError) {
        let end = boundary(after: at, Self.isBoundary)
        let word = text(to: end)
        guard Self.isName(scalars[at..<end]) else { throw unexpected(to: end) }
        // After a dot these words are property names like others.
        let isProperty = tokens.last?.kind == .dot
        let kind: Token.Kind =
            switch word {
            case "true" where !isProperty: .literal(.bool(true))
            case "false" where !isProperty: .literal(.bool(false))
            case "null" where !isProperty: .literal(.null)
            case "NaN" where !isProperty: .literal(.number(.nan))
            case "Infinity" where !isProperty: .literal(.number(.infinity))
            default: .identifier
            }
        add(kind, length: end - at)
    }

    private mutating func add(_ kind: Token.Kind, length: Int) {
        tokens.append(Token(kind: kind, text: text(to: at + length), position: at + 1))
        at += length
    }

    private func peek(_ distance: Int) -> Unicode.Scalar? { at + distance < scalars.count ? scalars[at + distance] : nil }

    private func text(to end: Int) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[at..<end])
        return String(text)
    }

    private func boundary(after start: Int, _ isBoundary: (Unicode.Scalar) -> Bool) -> Int {
        scalars[(start + 1)...].firstIndex(where: isBoundary) ?? scalars.count
    }

    private func unexpected(to end: Int) -> ExpressionError {
        ExpressionError(.lexing, "Unexpected symbol: '\(text(to: end))'", at: at + 1, in: source)
    }

    private static func isBoundary(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "(", "[", ")", "]", ",", ".", "!", ">", "<", "=", "&", "|": true
        default: scalar.properties.isWhitespace
        }
    }

    private static func isName(_ scalars: ArraySlice<Unicode.Scalar>) -> Bool {
        guard let first = scalars.first, isLetter(first) else { return false }
        return scalars.allSatisfy { isLetter($0) || ("0"..."9").contains($0) || $0 == "-" }
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
    }
}
