internal import RayflowCore

extension WorkflowDecoder {
    mutating func inputs(_ entry: YAMLEntry) -> [InputSpec] {
        let entries = entries(entry.value, "'inputs'")
        guard entries.count <= WorkflowLimits.inputs else {
            fault(.limit, "more than \(WorkflowLimits.inputs) inputs", at: entry.key.position)
            return []
        }
        return entries.map { input($0) }
    }

    private mutating func input(_ entry: YAMLEntry) -> InputSpec {
        checkName(entry.key, "an input")
        var spec = InputSpec(name: entry.name, position: entry.key.position)
        let fields = fields(entry.value, .input, "input '\(entry.name)'")
        let type = fields["type"].map { valueType($0) } ?? .string
        spec.type = type ?? .json
        spec.description = fields["description"].flatMap { text($0) }
        // What the other keys hold cannot be judged without the type.
        guard let type else { return spec }

        if let choices = fields["choices"] { spec.choices = self.choices(choices, type) }
        if type == .enumeration, fields["choices"] == nil {
            fault(.missingKey, "input '\(entry.name)' is an enum without 'choices'", hint: "write choices: [a, b]", at: entry.key.position)
        }
        if let pattern = fields["pattern"] { spec.pattern = self.pattern(pattern, type) }
        spec.minimum = fields["min"].flatMap { bound($0, type) }
        spec.maximum = fields["max"].flatMap { bound($0, type) }
        if let minimum = spec.minimum, let maximum = spec.maximum, type.isLess(maximum, than: minimum) == true, let entry = fields["max"] {
            fault(.contradiction, "'max' is less than 'min'", at: entry.value.position)
        }
        spec.isRequired = fields["required"].flatMap { bool($0) } ?? (fields["default"] == nil)
        if let entry = fields["default"] {
            spec.isRequired = false
            spec.defaultValue = entry.value.isNull ? .null : literal(entry.value, type, "'default'")
            if let value = spec.defaultValue, !value.isNull, let problem = spec.violation(by: value) {
                fault(.badValue, "'default' \(problem.message)", hint: problem.hint, at: entry.value.position)
            }
        }
        return spec
    }

    mutating func valueType(_ entry: YAMLEntry) -> ValueType? {
        guard let text = text(entry) else { return nil }
        if let type = ValueType(text) { return type }
        let hint = Self.didYouMean(text, among: ValueType.names) ?? "types are \(ValueType.names.joined(separator: ", "))"
        fault(.badValue, "'\(text)' is no type", hint: hint, at: entry.value.position)
        return nil
    }

    private mutating func choices(_ entry: YAMLEntry, _ type: ValueType) -> [JSON] {
        guard let list = entry.value.list, !list.isEmpty else {
            wrongType("'choices'", wants: "a list", entry.value)
            return []
        }
        return list.compactMap { literal($0, type, "a choice") }
    }

    private mutating func pattern(_ entry: YAMLEntry, _ type: ValueType) -> String? {
        guard type == .string || type.isPath else {
            fault(.misplacedKey, "'pattern' has no meaning for \(type.article)", at: entry.key.position)
            return nil
        }
        guard let text = text(entry) else { return nil }
        do {
            _ = try InputPattern(text)
            return text
        } catch {
            fault(.pattern, "'\(text)' is no regular expression: \(error.reason)", at: entry.value.position)
            return nil
        }
    }

    private mutating func bound(_ entry: YAMLEntry, _ type: ValueType) -> JSON? {
        guard type.isMeasurable else {
            fault(.misplacedKey, "'\(entry.name)' has no meaning for \(type.article)", at: entry.key.position)
            return nil
        }
        return literal(entry.value, type, "'\(entry.name)'")
    }

    /// A literal of a type, with each fault at its own place.
    mutating func literal(_ node: YAMLNode, _ type: ValueType, _ what: String) -> JSON? {
        switch (type, node.content) {
        case (.list(let element), .list(let nodes)):
            let values = nodes.map { literal($0, element, "an element of \(what)") }
            return values.contains { $0 == nil } ? nil : .array(values.compactMap { $0 })
        case (.map(let element), .map(let entries)):
            let values = entries.map { ($0.name, literal($0.value, element, "'\($0.name)' of \(what)")) }
            return values.contains { $0.1 == nil }
                ? nil : .object(JSONObject(values.compactMap { name, value in value.map { (name, $0) } }))
        case (.json, _): return node.json
        case (.string, .scalar(let scalar)), (.enumeration, .scalar(let scalar)), (.bytes, .scalar(let scalar)),
            (.file, .scalar(let scalar)),
            (.dir, .scalar(let scalar)), (.duration, .scalar(let scalar)), (.size, .scalar(let scalar)):
            // As written: `1.10` is the text of four characters. But nobody means the text 'null'.
            guard !node.isNull, isLiteral(scalar, what) else { break }
            return converted(.string(scalar.text), type, what, node)
        default:
            return converted(node.json, type, what, node)
        }
        if node.isNull { wrongType(what, wants: type.article, node) }
        return nil
    }

    private mutating func converted(_ json: JSON, _ type: ValueType, _ what: String, _ node: YAMLNode) -> JSON? {
        do throws(ValueFault) {
            return try type.value(from: json)
        } catch {
            fault(.wrongType, "\(what) \(error.message)", hint: error.hint, at: node.position)
            return nil
        }
    }
}
