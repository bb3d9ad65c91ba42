extension Template {
    private static let opening: [Unicode.Scalar] = ["$", "{", "{"]

    /// Cuts the scalar at `${{` and `}}`; a `}}` within a quoted string of the expression does not end it.
    package static func parse(_ scalar: String, names: ExpressionNames = .any) throws(ExpressionError) -> Template {
        let scalars = Array(scalar.unicodeScalars)
        var parts: [Part] = []
        var start = 0
        while let open = nextOpening(in: scalars, from: start) {
            if open > start { parts.append(.text(text(scalars[start..<open]))) }
            let body = open + opening.count
            guard let close = closing(in: scalars, from: body) else {
                throw ExpressionError(.lexing, "'${{' without its '}}'", at: 1, in: text(scalars[open...])).moved(by: open)
            }
            parts.append(try expression(scalars[body..<close], names))
            start = close + 2
        }
        if start < scalars.count || parts.isEmpty { parts.append(.text(text(scalars[start...]))) }
        return Template(source: scalar, parts: parts)
    }

    /// A condition, as `if` takes it: one expression, with or without `${{ }}` around it, and white space around that.
    package static func parseCondition(_ scalar: String, names: ExpressionNames = .any) throws(ExpressionError) -> Template {
        let scalars = Array(scalar.unicodeScalars)
        guard let open = nextOpening(in: scalars, from: 0) else {
            return Template(source: scalar, parts: [try expression(scalars[...], names)])
        }
        let template = try parse(scalar, names: names)
        let expressions = template.parts.filter { part in
            switch part {
            case .text(let text): !text.allSatisfy(\.isWhitespace)
            case .expression: true
            }
        }
        guard expressions.count == 1 else {
            let reason = "a condition is one expression: put all of it between one '${{' and '}}'"
            throw ExpressionError(.parsing, reason, at: 1, in: scalar).moved(by: open)
        }
        return Template(source: scalar, parts: expressions)
    }

    private static func expression(_ scalars: ArraySlice<Unicode.Scalar>, _ names: ExpressionNames) throws(ExpressionError) -> Part {
        var scalars = scalars
        while let first = scalars.first, first.properties.isWhitespace { scalars.removeFirst() }
        while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        let offset = scalars.startIndex
        do { return .expression(try Expression.parse(text(scalars), names: names), offset: offset) } catch { throw error.moved(by: offset) }
    }

    private static func nextOpening(in scalars: [Unicode.Scalar], from start: Int) -> Int? {
        var at = start
        while at + opening.count <= scalars.count {
            if scalars[at..<at + opening.count].elementsEqual(opening) { return at }
            at += 1
        }
        return nil
    }

    private static func closing(in scalars: [Unicode.Scalar], from start: Int) -> Int? {
        var isQuoted = false
        var at = start
        while at < scalars.count {
            if scalars[at] == "'" {
                isQuoted.toggle()
            } else if !isQuoted, scalars[at] == "}", at + 1 < scalars.count, scalars[at + 1] == "}" {
                return at
            }
            at += 1
        }
        return nil
    }

    private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }
}
