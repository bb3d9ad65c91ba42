package import RayflowCore

extension ValueType {
    /// Reads what somebody typed. Lists, maps and `json` are JSON; durations, sizes and paths stay texts.
    package func value(fromText text: String) throws(ValueFault) -> JSON {
        switch self {
        case .string, .enumeration, .bytes: return .string(text)
        case .file, .dir:
            guard !text.isEmpty, !text.utf8.contains(0) else { throw wants(text) }
            return .string(text)
        case .int:
            guard case .int(let value)? = YAMLScalar.number(text) else { throw wants(text) }
            return .int(value)
        case .float:
            guard let value = YAMLScalar.number(text)?.doubleValue else { throw wants(text) }
            return .double(value)
        case .bool:
            guard text == "true" || text == "false" else { throw wants(text, hint: "write true or false") }
            return .bool(text == "true")
        case .duration:
            guard DurationForm.parse(text) != nil else { throw wants(text, hint: DurationForm.hint) }
            return .string(text)
        case .size:
            guard SizeForm.parse(text) != nil else { throw wants(text, hint: SizeForm.hint) }
            return .string(text)
        case .json, .list, .map:
            let json: JSON
            do { json = try JSON.parse(text) } catch {
                throw ValueFault("wants \(article) as JSON: \(error.what) at \(error.line):\(error.column)")
            }
            return try value(from: json)
        }
    }

    /// Takes a value that has a type already. A whole number is a float too, and a number of bytes is a size; nothing else is converted.
    package func value(from json: JSON) throws(ValueFault) -> JSON {
        switch (self, json) {
        case (.json, _): return json
        case (.string, .string), (.enumeration, .string), (.bytes, .string), (.bool, .bool): return json
        case (.file, .string(let text)), (.dir, .string(let text)), (.duration, .string(let text)), (.size, .string(let text)):
            return try value(fromText: text)
        case (.size, .int(let bytes)) where bytes >= 0: return .string(String(bytes))
        case (.int, _):
            guard let value = json.intValue else { throw wants(json.compact) }
            return .int(value)
        case (.float, .int), (.float, .double): return .double(json.doubleValue ?? 0)
        case (.list(let element), .array(let values)):
            var converted: [JSON] = []
            for (index, value) in values.enumerated() {
                do { converted.append(try element.value(from: value)) } catch {
                    throw ValueFault("\(error.message), at [\(index)]", hint: error.hint)
                }
            }
            return .array(converted)
        case (.map(let element), .object(let members)):
            var converted = JSONObject()
            for (name, value) in members {
                do { converted[name] = try element.value(from: value) } catch {
                    throw ValueFault("\(error.message), at '\(name)'", hint: error.hint)
                }
            }
            return .object(converted)
        default: throw wants(json.compact)
        }
    }

    /// The type with its article, as messages use it.
    package var article: String {
        switch self {
        case .int, .enumeration: "an \(self)"
        default: "a \(self)"
        }
    }

    /// The order of two values of this type: what `min` and `max` compare. Nil when the type has none.
    func isLess(_ a: JSON, than b: JSON) -> Bool? {
        switch self {
        case .int:
            guard let a = a.intValue, let b = b.intValue else { return nil }
            return a < b
        case .float:
            guard let a = a.doubleValue, let b = b.doubleValue else { return nil }
            return a < b
        case .duration:
            guard let a = a.stringValue.flatMap(DurationForm.parse), let b = b.stringValue.flatMap(DurationForm.parse) else { return nil }
            return a < b
        case .size:
            guard let a = a.stringValue.flatMap(SizeForm.parse), let b = b.stringValue.flatMap(SizeForm.parse) else { return nil }
            return a < b
        default: return nil
        }
    }

    private func wants(_ text: String, hint: String? = nil) -> ValueFault {
        let shown = text.count > 40 ? text.prefix(40) + "…" : text[...]
        return ValueFault("wants \(article), this is '\(shown)'", hint: hint)
    }
}
