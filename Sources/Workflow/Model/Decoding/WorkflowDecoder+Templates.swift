internal import RayflowCore

/// Scalars and trees that may hold `${{ }}`.
extension WorkflowDecoder {
    /// Every context of the language; whether one is there at a place is checked with the graph.
    static let names = ExpressionNames(contexts: ReferenceRules.contexts)

    mutating func template(_ scalar: YAMLScalar) -> SourceTemplate? {
        do throws(ExpressionError) {
            return SourceTemplate(template: try Template.parse(scalar.text, names: Self.names), scalar: scalar)
        } catch {
            expressionFault(error, scalar)
            return nil
        }
    }

    mutating func template(_ entry: YAMLEntry, wants: String = "a text or ${{ }}") -> SourceTemplate? {
        scalar(entry.value, "'\(entry.name)'", wants: wants).flatMap { template($0) }
    }

    /// A template for what the system takes: words, scripts, paths. These have an end where a zero stands.
    mutating func systemTemplate(_ scalar: YAMLScalar, _ what: String) -> SourceTemplate? {
        if let zero = scalar.text.scalarOffset(of: "\0") {
            fault(.badValue, "\(what) must not hold the character U+0000", at: source.position(of: scalar, at: zero))
            return nil
        }
        return template(scalar)
    }

    /// One that also has to be there.
    mutating func pathTemplate(_ entry: YAMLEntry) -> SourceTemplate? {
        guard let scalar = scalar(entry.value, "'\(entry.name)'", wants: "a text or ${{ }}") else { return nil }
        guard !scalar.text.isEmpty else {
            fault(.badValue, "'\(entry.name)' is empty", at: entry.value.position)
            return nil
        }
        return systemTemplate(scalar, "'\(entry.name)'")
    }

    /// One expression, with or without its braces.
    mutating func condition(_ entry: YAMLEntry) -> SourceTemplate? {
        guard let scalar = scalar(entry.value, "'\(entry.name)'", wants: "a condition") else { return nil }
        switch scalar.value {
        case .int, .double:
            fault(
                .wrongType, "'\(entry.name)' wants a condition, this is the number \(scalar.text)",
                hint: "write a comparison, true or false",
                at: entry.value.position)
            return nil
        default: break
        }
        guard !scalar.text.allSatisfy(\.isWhitespace) else {
            fault(.badValue, "'\(entry.name)' is empty", hint: "write a condition, or leave the key out", at: entry.value.position)
            return nil
        }
        do throws(ExpressionError) {
            return SourceTemplate(template: try Template.parseCondition(scalar.text, names: Self.names), scalar: scalar)
        } catch {
            expressionFault(error, scalar)
            return nil
        }
    }

    mutating func expressionFault(_ error: ExpressionError, _ scalar: YAMLScalar) {
        fault(.expression, error.reason, hint: error.hint, at: source.position(of: scalar, at: error.offset))
    }

    mutating func tree(_ node: YAMLNode) -> TemplateTree? {
        switch node.content {
        case .scalar(let scalar):
            guard case .string = scalar.value else { return .literal(scalar.value, at: node.position) }
            guard let template = template(scalar) else { return nil }
            return template.isLiteral ? .literal(.string(scalar.text), at: node.position) : .template(template)
        case .list(let elements):
            let trees = elements.map { tree($0) }
            return trees.contains { $0 == nil } ? nil : .list(trees.compactMap { $0 }, at: node.position)
        case .map: return .map(members(node, "a map"), at: node.position)
        }
    }

    mutating func members(_ node: YAMLNode, _ what: String) -> [TemplateMember] {
        entries(node, what).compactMap { entry in
            guard isLiteral(entry.key, "a key") else { return nil }
            return tree(entry.value).map { TemplateMember(name: entry.name, position: entry.key.position, value: $0) }
        }
    }

    /// Members with names of the language.
    mutating func namedMembers(_ entry: YAMLEntry, _ what: String) -> [TemplateMember] {
        for member in entry.value.map ?? [] { checkName(member.key, what) }
        return members(entry.value, "'\(entry.name)'")
    }

    /// What stands first in the list wins.
    mutating func environment(_ entry: YAMLEntry) -> [EnvironmentSpec] {
        entries(entry.value, "'\(entry.name)'").compactMap { variable in
            checkName(variable.key, "an environment variable", allowsDash: false)
            guard var scalar = variable.value.scalar else {
                wrongType(
                    "'\(variable.name)'", wants: "a text or ${{ }}", variable.value, hint: "make it a text with toJSON, or use 'with'")
                return nil
            }
            if scalar.value.isNull { scalar.text = "" }
            return systemTemplate(scalar, "'\(variable.name)'").map {
                EnvironmentSpec(name: variable.name, position: variable.key.position, value: $0)
            }
        }
    }

    // MARK: Settings

    /// A literal of the type, or exactly one expression or a text with expressions that gives one when the step starts.
    mutating func setting<Value>(
        _ entry: YAMLEntry, wants: String, hint: String? = nil, _ read: (YAMLScalar) -> Value?
    ) -> Setting<Value>? {
        guard let scalar = scalar(entry.value, "'\(entry.name)'", wants: wants), let template = template(scalar) else { return nil }
        guard template.isLiteral else { return .template(template) }
        guard let value = read(scalar) else {
            fault(.badValue, "'\(entry.name)' wants \(wants), this is '\(scalar.text)'", hint: hint, at: entry.value.position)
            return nil
        }
        return .literal(value)
    }

    mutating func durationSetting(_ entry: YAMLEntry) -> Setting<Duration>? {
        setting(entry, wants: "a duration", hint: DurationForm.hint) { DurationForm.parse($0.text) }
    }

    /// A time limit: what has no time at all could never be done.
    mutating func limitSetting(_ entry: YAMLEntry) -> Setting<Duration>? {
        guard let setting = durationSetting(entry) else { return nil }
        if case .literal(let duration) = setting, duration <= .zero {
            fault(.badValue, "'\(entry.name)' must be above zero", at: entry.value.position)
            return nil
        }
        return setting
    }

    mutating func sizeSetting(_ entry: YAMLEntry) -> Setting<ByteCount>? {
        setting(entry, wants: "a size", hint: SizeForm.hint) { SizeForm.parse($0.text) }
    }

    mutating func amountSetting(_ entry: YAMLEntry) -> Setting<Double>? {
        let largest = ResourceSet.largestAmount / Double(ResourceSet.unit)
        return setting(entry, wants: "a number from 0") { scalar in
            scalar.value.doubleValue.flatMap { (0...largest).contains($0) ? $0 : nil }
        }
    }
}
