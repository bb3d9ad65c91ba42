internal import RayflowCore

/// Turns what a process wrote into the value that its output declares.
enum OutputParsing {
    /// - Throws: what was found instead, naming neither step nor output.
    static func value(_ bytes: [UInt8], _ type: ValueType, pointer: String?) throws(OutputFault) -> Value {
        if let pointer {
            let json = try json(bytes)
            let found: JSON
            do { found = try JSONPointer.find(pointer, in: json) } catch { throw OutputFault("\(error)") }
            return try value(found, type)
        }
        switch type {
        case .json, .list, .map, .bytes: return try value(json(bytes, type), type)
        default: break
        }
        let text = try Self.text(bytes)
        if type == .string { return .string(text) }
        return try scalar(trimmed(text), type)
    }

    /// A JSON value as one of the type.
    static func value(_ json: JSON, _ type: ValueType) throws(OutputFault) -> Value {
        switch (type, json) {
        case (.json, _): return Value(json)
        case (.string, .string(let text)), (.enumeration, .string(let text)): return .string(text)
        case (.file, .string(let path)), (.dir, .string(let path)): return .file(path)
        case (.bool, .bool(let value)): return .bool(value)
        case (.int, _):
            if let integer = json.intValue { return .number(Double(integer)) }
        case (.float, _):
            if let number = json.doubleValue { return .number(number) }
        case (.duration, .string(let text)), (.size, .string(let text)): return try scalar(text, type)
        case (.size, .int(let bytes)) where bytes >= 0: return .number(Double(bytes))
        case (.bytes, .string), (.bytes, .array): return Value(json)
        case (.list(let element), .array(let elements)):
            var values: [Value] = []
            values.reserveCapacity(elements.count)
            for (index, json) in elements.enumerated() {
                do throws(OutputFault) { values.append(try value(json, element)) } catch {
                    throw OutputFault("element \(index): \(error.what)")
                }
            }
            return .list(values)
        case (.map(let element), .object(let members)):
            var values: [(String, Value)] = []
            for (key, json) in members {
                do throws(OutputFault) { values.append((key, try value(json, element))) } catch {
                    throw OutputFault("'\(key)': \(error.what)")
                }
            }
            return .object(ValueObject(values))
        default: break
        }
        throw OutputFault("\(type) expected, found \(json.kindName) \(Excerpt.of(json.compact))")
    }

    private static func json(_ bytes: [UInt8], _ type: ValueType = .json) throws(OutputFault) -> JSON {
        // Bytes that are no JSON text are bytes all the same.
        if type == .bytes {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw OutputFault("these bytes are no text, and a value is one; pass them on as a file, with path: in place of from:")
            }
            return .string(text)
        }
        do { return try JSON.parse(bytes) } catch {
            let found = bytes.isEmpty ? "nothing" : "'\(Excerpt.of(String(decoding: bytes.prefix(400), as: UTF8.self)))'"
            throw OutputFault("\(type == .json ? "JSON" : "\(type), as JSON,") expected, found \(found) (\(error))")
        }
    }

    /// Without the line breaks at its end, as `$(…)` gives it.
    static func text(_ bytes: [UInt8]) throws(OutputFault) -> String {
        var bytes = bytes[...]
        while let last = bytes.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw OutputFault("text expected, found bytes that are not UTF-8; use an output of type file")
        }
        return text
    }

    private static func scalar(_ text: String, _ type: ValueType) throws(OutputFault) -> Value {
        switch type {
        case .int: if let value = Int(text) { return .number(Double(value)) }
        case .float: if let value = Double(text), value.isFinite { return .number(value) }
        case .bool:
            if text == "true" { return .bool(true) }
            if text == "false" { return .bool(false) }
        case .duration: if DurationForm.parse(text) != nil { return .string(text) }
        case .size: if let size = SizeForm.parse(text) { return .number(Double(size.bytes)) }
        case .file, .dir: if !text.isEmpty { return .file(text) }
        case .enumeration, .string: return .string(text)
        case .json, .list, .map, .bytes: break
        }
        throw OutputFault("\(type) expected, found \(text.isEmpty ? "nothing" : "'\(Excerpt.of(text))'")")
    }

    private static func trimmed(_ text: String) -> String {
        let start = text.drop { $0.isWhitespace }
        return String(start[..<(start.lastIndex { !$0.isWhitespace }.map { start.index(after: $0) } ?? start.startIndex)])
    }

    /// A value from the journal, where files are texts, as one of the type.
    static func restored(_ json: JSON, _ type: ValueType) -> Value {
        switch (type, json) {
        case (.file, .string(let path)), (.dir, .string(let path)): .file(path)
        case (.list(let element), .array(let elements)): .list(elements.map { restored($0, element) })
        case (.map(let element), .object(let members)): .object(ValueObject(members.map { ($0.key, restored($0.value, element)) }))
        default: Value(json)
        }
    }
}
