extension JSON {
    /// How doubles with a whole value are written.
    public enum WholeDoubles: Sendable {
        /// `1`, as JavaScript and GitHub's `toJSON` do.
        case asIntegers
        /// `1.0`, for readers that tell floats from integers.
        case withFraction
    }

    /// On one line, without any space.
    public var compact: String { text() }

    /// One member to a line, nested by `indent` spaces; empty containers stay on their line.
    public func pretty(indent: Int = 2, wholeDoubles: WholeDoubles = .asIntegers) -> String {
        text(indent: indent, wholeDoubles: wholeDoubles)
    }

    /// With `indent` nil on one line. Doubles have the shortest form that reads back to the same value; NaN and infinities become `null`.
    public func text(indent: Int? = nil, wholeDoubles: WholeDoubles = .asIntegers) -> String {
        var printer = JSONPrinter(indent: indent, wholeDoubles: wholeDoubles, sortsKeys: false)
        printer.value(self, level: 0)
        return String(decoding: printer.bytes, as: UTF8.self)
    }

    /// The bytes that digests are taken of: compact, keys sorted by their UTF-8 bytes. Equal values have equal canonical bytes, but for strings
    /// that are only equal in Unicode's sense.
    public var canonical: [UInt8] {
        var printer = JSONPrinter(indent: nil, wholeDoubles: .asIntegers, sortsKeys: true)
        printer.value(self, level: 0)
        return printer.bytes
    }
}

private struct JSONPrinter {
    let indent: Int?
    let wholeDoubles: JSON.WholeDoubles
    let sortsKeys: Bool
    var bytes: [UInt8] = []

    init(indent: Int?, wholeDoubles: JSON.WholeDoubles, sortsKeys: Bool) {
        self.indent = indent
        self.wholeDoubles = wholeDoubles
        self.sortsKeys = sortsKeys
    }

    mutating func value(_ value: JSON, level: Int) {
        switch value {
        case .null: put("null")
        case .bool(let value): put(value ? "true" : "false")
        case .int(let value): put(String(value))
        case .double(let value): double(value)
        case .string(let value): string(value)
        case .array(let elements):
            container("[", "]", elements, level: level) { printer, element in printer.value(element, level: level + 1) }
        case .object(let members):
            let ordered = sortsKeys ? members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) } : Array(members)
            container("{", "}", ordered, level: level) { printer, member in
                printer.string(member.key)
                printer.put(printer.indent == nil ? ":" : ": ")
                printer.value(member.value, level: level + 1)
            }
        }
    }

    private mutating func container<T>(_ open: String, _ close: String, _ items: [T], level: Int, _ body: (inout JSONPrinter, T) -> Void) {
        put(open)
        for (index, item) in items.enumerated() {
            if index > 0 { put(",") }
            newLine(level + 1)
            body(&self, item)
        }
        if !items.isEmpty { newLine(level) }
        put(close)
    }

    private mutating func newLine(_ level: Int) {
        guard let indent else { return }
        bytes.append(0x0A)
        bytes.append(contentsOf: repeatElement(0x20, count: max(0, indent) * level))
    }

    private mutating func double(_ value: Double) {
        guard value.isFinite else { return put("null") }
        if wholeDoubles == .asIntegers, let integer = Int(exactly: value) { return put(String(integer)) }
        put(value.description)
    }

    private mutating func string(_ value: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""): put("\\\"")
            case UInt8(ascii: "\\"): put("\\\\")
            case 0x08: put("\\b")
            case 0x0C: put("\\f")
            case 0x0A: put("\\n")
            case 0x0D: put("\\r")
            case 0x09: put("\\t")
            case 0..<0x20:
                put(byte < 0x10 ? "\\u000" : "\\u00")
                put(String(byte, radix: 16))
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func put(_ text: String) { bytes.append(contentsOf: text.utf8) }
}
