/// Builds the syntax tree. Loosest first: `||`, `&&`, `== !=`, `< <= > >=`, `!`, then `.` and `[]`; all of them from left to right.
struct Parser {
    /// A node and the height of its tree; a leaf has 1.
    private typealias Tree = (node: Node, height: Int)

    private let source: String
    private let tokens: [Token]
    private let names: ExpressionNames
    private var at = 0
    private var openGroups = 0

    private init(_ source: String, _ tokens: [Token], _ names: ExpressionNames) {
        self.source = source
        self.tokens = tokens
        self.names = names
    }

    static func parse(_ source: String, names: ExpressionNames) throws(ExpressionError) -> Node {
        var parser = Parser(source, try Lexer.tokens(of: source), names)
        guard !parser.tokens.isEmpty else { return .literal(.null) }
        let tree = try parser.disjunction()
        guard parser.at == parser.tokens.count else { throw parser.unexpected() }
        return tree.node
    }

    // MARK: Operators

    private mutating func disjunction() throws(ExpressionError) -> Tree {
        let first = try conjunction()
        guard next == .or else { return first }
        var operands = [first]
        while take(.or) { operands.append(try conjunction()) }
        return try tree(.or(operands.map(\.node)), over: operands)
    }

    private mutating func conjunction() throws(ExpressionError) -> Tree {
        let first = try comparison(binding: 1)
        guard next == .and else { return first }
        var operands = [first]
        while take(.and) { operands.append(try comparison(binding: 1)) }
        return try tree(.and(operands.map(\.node)), over: operands)
    }

    /// `binding` 1: `==` and `!=`; 2: the ordering ones, which bind tighter.
    private mutating func comparison(binding: Int) throws(ExpressionError) -> Tree {
        var left = binding == 1 ? try comparison(binding: 2) : try negation()
        while case .comparison(let comparison)? = next, comparison.binds == binding {
            at += 1
            let right = binding == 1 ? try self.comparison(binding: 2) : try negation()
            left = try tree(.compare(comparison, left.node, right.node), over: [left, right])
        }
        return left
    }

    private mutating func negation() throws(ExpressionError) -> Tree {
        var count = 0
        while take(.not) { count += 1 }
        var operand = try properties()
        for _ in 0..<count { operand = try tree(.not(operand.node), over: [operand]) }
        return operand
    }

    // MARK: Operands

    private mutating func properties() throws(ExpressionError) -> Tree {
        guard next == .identifier || next == .leftParenthesis else { return try literal() }
        var base = next == .identifier ? try named() : try group()
        while true {
            if take(.dot) {
                if take(.star) {
                    base = try tree(.all(of: base.node), over: [base])
                } else {
                    guard next == .identifier else { throw unexpected() }
                    let key = (node: Node.literal(.string(tokens[at].text)), height: 1)
                    at += 1
                    base = try tree(.property(of: base.node, index: key.node), over: [base, key])
                }
            } else if take(.leftBracket) {
                if take(.star) {
                    base = try tree(.all(of: base.node), over: [base])
                } else {
                    let index = try nested()
                    base = try tree(.property(of: base.node, index: index.node), over: [base, index])
                }
                try expect(.rightBracket)
            } else {
                return base
            }
        }
    }

    private mutating func literal() throws(ExpressionError) -> Tree {
        guard case .literal(let value)? = next else { throw unexpected() }
        at += 1
        return (.literal(value), 1)
    }

    private mutating func group() throws(ExpressionError) -> Tree {
        at += 1
        let inner = try nested()
        try expect(.rightParenthesis)
        return inner
    }

    private mutating func named() throws(ExpressionError) -> Tree {
        let name = tokens[at]
        at += 1
        if take(.leftParenthesis) { return try call(name) }
        guard names.permits(context: name.text) else {
            throw fault("Unrecognized named-value: '\(name.text)'", suggesting: names.nearestContext(to: name.text), at: name)
        }
        return (.context(name: name.text.lowercased(), position: name.position), 1)
    }

    private mutating func call(_ name: Token) throws(ExpressionError) -> Tree {
        guard let function = names.function(name.text) else {
            throw fault("Unrecognized function: '\(name.text)'", suggesting: names.nearestFunction(to: name.text), at: name)
        }
        var arguments: [Tree] = []
        if !take(.rightParenthesis) {
            repeat { arguments.append(try nested()) } while take(.comma)
            try expect(.rightParenthesis)
        }
        guard arguments.count >= function.parameters.lowerBound else {
            throw fault("Too few parameters supplied: '\(name.text)'", at: name)
        }
        guard arguments.count <= function.parameters.upperBound else {
            throw fault("Too many parameters supplied: '\(name.text)'", at: name)
        }
        guard !function.wantsOddCount || arguments.count % 2 == 1 else {
            throw fault("Even number of parameters supplied, requires an odd number of parameters: '\(name.text)'", at: name)
        }
        return try tree(.call(function, arguments.map(\.node), position: name.position), over: arguments)
    }

    private mutating func nested() throws(ExpressionError) -> Tree {
        guard openGroups < ExpressionLimits.openGroups else { throw tooDeep() }
        openGroups += 1
        defer { openGroups -= 1 }
        return try disjunction()
    }

    // MARK: Tokens and faults

    private var next: Token.Kind? { at < tokens.count ? tokens[at].kind : nil }

    private mutating func take(_ kind: Token.Kind) -> Bool {
        guard next == kind else { return false }
        at += 1
        return true
    }

    private mutating func expect(_ kind: Token.Kind) throws(ExpressionError) {
        guard take(kind) else { throw unexpected() }
    }

    private func tree(_ node: Node, over children: [Tree]) throws(ExpressionError) -> Tree {
        let height = 1 + (children.map(\.height).max() ?? 0)
        guard height <= ExpressionLimits.depth else { throw tooDeep() }
        return (node, height)
    }

    private func unexpected() -> ExpressionError {
        if at < tokens.count { return fault("Unexpected symbol: '\(tokens[at].text)'", at: tokens[at]) }
        let last = tokens[tokens.count - 1]
        return fault("Unexpected end of expression: '\(last.text)'", at: last)
    }

    private func tooDeep() -> ExpressionError {
        fault("Exceeded max expression depth \(ExpressionLimits.depth)", at: tokens[min(at, tokens.count - 1)])
    }

    private func fault(_ reason: String, suggesting name: String? = nil, at token: Token) -> ExpressionError {
        ExpressionError(.parsing, reason, hint: name.map { "did you mean '\($0)'?" }, at: token.position, in: source)
    }
}
