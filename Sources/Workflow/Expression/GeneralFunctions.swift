internal import RayflowCore

/// The functions that GitHub defines, with GitHub's conversions.
enum GeneralFunctions {
    static func contains(_ call: CallArguments) throws(CallFault) -> Value {
        let arguments = try call.deepContents()
        let (search, item) = (arguments[0], arguments[1])
        if case .array(let elements) = search { return .bool(elements.contains { item.looselyEquals($0) }) }
        return .bool(folded(search, item) { $0.firstPosition(of: $1, from: 0) != nil })
    }

    static func startsWith(_ call: CallArguments) throws(CallFault) -> Value {
        let arguments = try call.contents()
        return .bool(folded(arguments[0], arguments[1]) { $0.starts(with: $1) })
    }

    static func endsWith(_ call: CallArguments) throws(CallFault) -> Value {
        let arguments = try call.contents()
        return .bool(folded(arguments[0], arguments[1]) { $0.suffix($1.count).elementsEqual($1) })
    }

    private static func folded(_ text: Value, _ part: Value, _ test: ([UInt8], [UInt8]) -> Bool) -> Bool {
        guard text.isPrimitive, part.isPrimitive else { return false }
        return test(Array(CaseFolding.fold(text.coercedText).utf8), Array(CaseFolding.fold(part.coercedText).utf8))
    }

    /// A single value that is no list is its own text; a separator that is no text counts as not given.
    static func join(_ call: CallArguments) throws(CallFault) -> Value {
        let arguments = try call.deepContents()
        guard case .array(let elements) = arguments[0] else { return .string(arguments[0].isPrimitive ? arguments[0].coercedText : "") }
        let separator = arguments.count > 1 && arguments[1].isPrimitive ? arguments[1].coercedText : ","
        return .string(elements.map(\.coercedText).joined(separator: separator))
    }

    static func toJSON(_ call: CallArguments) throws(CallFault) -> Value {
        .string(try call.deepContents()[0].plainJSON.pretty(indent: 2))
    }

    static func fromJSON(_ call: CallArguments) throws(CallFault) -> Value {
        let text = try call.text(0)
        guard !text.allSatisfy(\.isWhitespace) else { throw .wrong("fromJSON: empty input") }
        do { return Value(try JSON.parse(text)) } catch { throw .wrong("Error parsing JSON when evaluating fromJson: \(error)") }
    }

    static func format(_ call: CallArguments) throws(CallFault) -> Value {
        let texts = try call.contents().map(\.coercedText)
        let pattern = texts[0]
        var result = String.UnicodeScalarView()
        var rest = pattern.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "{" || scalar == "}" else {
                result.append(scalar)
                continue
            }
            if rest.first == scalar {
                rest.removeFirst()
                result.append(scalar)
                continue
            }
            let digits = rest.prefix { ("0"..."9").contains($0) }
            rest.removeFirst(digits.count)
            guard scalar == "{", let index = Int(String(digits)), rest.popFirst() == "}" else {
                throw .wrong("The following format string is invalid: \(pattern)")
            }
            guard index < texts.count - 1 else {
                throw .wrong("The following format string references more arguments than were supplied: \(pattern)")
            }
            result.append(contentsOf: texts[index + 1].unicodeScalars)
        }
        return .string(String(result))
    }
}

extension [UInt8] {
    /// Where `part` next occurs. Linear for all but made-up texts.
    func firstPosition(of part: [UInt8], from start: Int) -> Int? {
        guard let first = part.first else { return start }
        var at = start
        while at + part.count <= count {
            guard let candidate = self[at...(count - part.count)].firstIndex(of: first) else { return nil }
            if self[candidate..<candidate + part.count].elementsEqual(part) { return candidate }
            at = candidate + 1
        }
        return nil
    }
}
