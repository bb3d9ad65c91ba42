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

    /// One expression, with or without its braces.
    mutating func condition(_ entry: YAMLEntry) -> SourceTemplate? {
        guard let scalar = scalar(entry.value, "'\(entry.name)'", wants: "a condition") else { return nil }
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
            return template(scalar).map { EnvironmentSpec(name: variable.name, position: variable.key.position, value: $0) }
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
