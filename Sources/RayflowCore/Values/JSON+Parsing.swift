extension JSON {
    /// Reads one JSON value (RFC 8259) and nothing after it.
    ///
    /// Integers that do not fit `Int` become doubles. Of members with the same key the last wins.
    /// - Throws: ``JSONFault`` with the place; also for text that is not UTF-8, lone surrogates, numbers beyond a double, and nesting beyond
    ///   `depth` (``JSONLimits/depth`` by default).
    public static func parse(_ bytes: some Collection<UInt8>, depth: Int = JSONLimits.depth) throws(JSONFault) -> JSON {
        var parser = JSONParser(bytes: Array(bytes), depthLimit: depth)
        return try parser.document()
    }

    /// Reads one JSON value and nothing after it, like the form that takes bytes.
    public static func parse(_ text: String, depth: Int = JSONLimits.depth) throws(JSONFault) -> JSON {
        try parse(text.utf8, depth: depth)
    }
}

/// A recursive descent over bytes; `at` is the next byte.
private struct JSONParser {
    let bytes: [UInt8]
    let depthLimit: Int
    var at = 0
    var depth = 0

    init(bytes: [UInt8], depthLimit: Int) {
        self.bytes = bytes
        self.depthLimit = depthLimit
    }

    mutating func document() throws(JSONFault) -> JSON {
        skipSpace()
        let value = try value()
        skipSpace()
        guard at == bytes.count else { throw unexpected("the end") }
        return value
    }

    private mutating func value() throws(JSONFault) -> JSON {
        switch peek {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"): return try number()
        case let byte? where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte): return try number()
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: throw unexpected("a value")
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSON) throws(JSONFault) -> JSON {
        let count = word.utf8CodeUnitCount
        let matches = word.withUTF8Buffer { bytes[at...].starts(with: $0) }
        guard matches else { throw unexpected("a value") }
        at += count
        return value
    }

    // MARK: Containers

    private mutating func object() throws(JSONFault) -> JSON {
        try enter()
        var members = JSONObject()
        while try !close(UInt8(ascii: "}"), first: members.isEmpty) {
            guard peek == UInt8(ascii: "\"") else { throw unexpected("a key in quotes") }
            let key = try string()
            skipSpace()
            guard peek == UInt8(ascii: ":") else { throw unexpected("':'") }
            at += 1
            skipSpace()
            members[key] = try value()
        }
        return .object(members)
    }

    private mutating func array() throws(JSONFault) -> JSON {
        try enter()
        var elements: [JSON] = []
        while try !close(UInt8(ascii: "]"), first: elements.isEmpty) { elements.append(try value()) }
        return .array(elements)
    }

    private mutating func enter() throws(JSONFault) {
        guard depth < depthLimit else { throw fault("nesting deeper than \(depthLimit)", at: at) }
        depth += 1
        at += 1
    }

    /// Whether the container ends here; otherwise stands at its next element.
    private mutating func close(_ end: UInt8, first: Bool) throws(JSONFault) -> Bool {
        skipSpace()
        if peek == end {
            at += 1
            depth -= 1
            return true
        }
        guard !first else { return false }
        guard peek == UInt8(ascii: ",") else { throw unexpected("',' or '\(Character(Unicode.Scalar(end)))'") }
        at += 1
        skipSpace()
        return false
    }

    // MARK: Numbers

    private mutating func number() throws(JSONFault) -> JSON {
        let start = at
        if peek == UInt8(ascii: "-") { at += 1 }
        if peek == UInt8(ascii: "0") { at += 1 } else { try digits() }
        var isWhole = true
        if peek == UInt8(ascii: ".") {
            isWhole = false
            at += 1
            try digits()
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            isWhole = false
            at += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { at += 1 }
            try digits()
        }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        if isWhole, let integer = Int(text) { return .int(integer) }
        guard let double = Double(text), double.isFinite else { throw fault("a number beyond the range of a double", at: start) }
        return .double(double)
    }

    private mutating func digits() throws(JSONFault) {
        let start = at
        while let byte = peek, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { at += 1 }
        guard at > start else { throw unexpected("a digit") }
    }

    // MARK: Strings

    private mutating func string() throws(JSONFault) -> String {
        at += 1
        let start = at
        var unescaped: [UInt8] = []
        var run = at
        while true {
            guard let byte = peek else { throw fault("a string without its closing quote", at: start - 1) }
            switch byte {
            case UInt8(ascii: "\""):
                unescaped += bytes[run..<at]
                at += 1
                guard let text = String(validating: unescaped, as: UTF8.self) else {
                    throw fault("a string that is not UTF-8", at: start - 1)
                }
                return text
            case UInt8(ascii: "\\"):
                unescaped += bytes[run..<at]
                try escape(into: &unescaped)
                run = at
            case 0..<0x20: throw fault("a control character in a string; write \\u\(hex4(byte))", at: at)
            default: at += 1
            }
        }
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONFault) {
        let start = at
        at += 1
        guard let byte = peek else { throw unexpected("an escape") }
        at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text += Array(String(try scalar(from: start)).utf8)
        default: throw fault("an unknown escape", at: start)
        }
    }

    /// The scalar of `\uXXXX`, or of two of them that make a surrogate pair.
    private mutating func scalar(from start: Int) throws(JSONFault) -> Unicode.Scalar {
        let unit = try hex()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard unit < 0xDC00, peek == UInt8(ascii: "\\"), at + 1 < bytes.count, bytes[at + 1] == UInt8(ascii: "u") else {
            throw fault("half of a surrogate pair", at: start)
        }
        at += 2
        let low = try hex()
        guard (0xDC00...0xDFFF).contains(low), let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)) else {
            throw fault("half of a surrogate pair", at: start)
        }
        return scalar
    }

    private mutating func hex() throws(JSONFault) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw unexpected("a hexadecimal digit")
            }
            value = value << 4 | UInt32(digit)
            at += 1
        }
        return value
    }

    // MARK: Places

    private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
    }

    private func unexpected(_ wanted: String) -> JSONFault {
        guard at < bytes.count else { return fault("\(wanted) wanted, found the end", at: at) }
        let found = String(decoding: bytes[at..<min(at + 4, bytes.count)], as: UTF8.self).first.map { "'\($0)'" } ?? "nothing"
        return fault("\(wanted) wanted, found \(found)", at: at)
    }

    private func fault(_ what: String, at offset: Int) -> JSONFault {
        let before = bytes[..<offset]
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        let line = 1 + before.count { $0 == 0x0A }
        let column = 1 + before[lineStart...].count { $0 & 0xC0 != 0x80 }
        return JSONFault(what, offset: offset, line: line, column: column)
    }
}

private func hex4(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return String(repeating: "0", count: 4 - digits.count) + digits
}
