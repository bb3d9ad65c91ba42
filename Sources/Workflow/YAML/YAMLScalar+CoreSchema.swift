package import RayflowCore

extension YAMLScalar {
    /// The value by the core schema of YAML 1.2, but that of the truth values only `true` and `false` are known: `True`, `yes` and `on` are
    /// strings. Only plain scalars are anything but strings, `0o17` is 15 and `017` is 17. Integers beyond `Int` become doubles.
    package var value: JSON {
        guard style == .plain else { return .string(text) }
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true": return .bool(true)
        case "false": return .bool(false)
        case ".nan", ".NaN", ".NAN": return .double(.nan)
        default: return Self.number(text) ?? .string(text)
        }
    }

    /// The number that a text is by the core schema.
    static func number(_ text: String) -> JSON? {
        if let value = integer(text, prefix: "0x", radix: 16) ?? integer(text, prefix: "0o", radix: 8) { return value }
        var body = text[...]
        let isNegative = body.hasPrefix("-")
        if isNegative || body.hasPrefix("+") { body.removeFirst() }
        if [".inf", ".Inf", ".INF"].contains(body) { return .double(isNegative ? -.infinity : .infinity) }
        guard isDecimal(body.utf8) else { return nil }
        if body.utf8.allSatisfy(isDigit), let integer = Int(text) { return .int(integer) }
        // Swift wants a digit before the point, YAML does not; and a number too large for a double is infinite.
        return Double((isNegative ? "-0" : "0") + body).map { .double($0) }
    }

    private static func integer(_ text: String, prefix: String, radix: Int) -> JSON? {
        guard text.hasPrefix(prefix) else { return nil }
        let digits = text.dropFirst(prefix.count)
        guard !digits.isEmpty, digits.utf8.allSatisfy({ isHexDigit($0, below: radix) }) else { return nil }
        if let value = Int(digits, radix: radix) { return .int(value) }
        return .double(digits.reduce(0.0) { $0 * Double(radix) + Double($1.hexDigitValue ?? 0) })
    }

    /// `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
    private static func isDecimal(_ text: Substring.UTF8View) -> Bool {
        var rest = text[...]
        func takeDigits() -> Int {
            let digits = rest.prefix(while: isDigit).count
            rest = rest.dropFirst(digits)
            return digits
        }
        let whole = takeDigits()
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard takeDigits() + whole > 0 else { return false }
        } else if whole == 0 {
            return false
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
            guard takeDigits() > 0 else { return false }
        }
        return rest.isEmpty
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isHexDigit(_ byte: UInt8, below radix: Int) -> Bool {
        (Character(Unicode.Scalar(byte)).hexDigitValue ?? radix) < radix
    }
}
