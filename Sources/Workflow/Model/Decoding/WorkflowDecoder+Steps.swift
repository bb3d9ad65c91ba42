internal import RayflowCore

extension WorkflowDecoder {
    mutating func steps(_ entry: YAMLEntry?, _ root: YAMLNode) -> [StepSpec] {
        guard let entry else {
            fault(.missingKey, "the key 'steps' is missing", at: root.position)
            return []
        }
        if entry.value.list != nil {
            wrongType("'steps'", wants: "a map", entry.value, hint: "give each step a name: 'steps:', then 'build:' and its keys below")
            return []
        }
        let entries = entries(entry.value, "'steps'")
        guard !entries.isEmpty || !(entry.value.isNull || entry.value.map != nil) else {
            fault(.missingKey, "'steps' holds no step", at: entry.key.position)
            return []
        }
        guard entries.count <= WorkflowLimits.steps else {
            fault(.limit, "more than \(WorkflowLimits.steps) steps", at: entry.key.position)
            return []
        }
        return entries.map { entry in
            let before = faultCount
            let step = step(entry)
            if faultCount > before { damagedSteps.insert(step.id) }
            return step
        }
    }

    private mutating func step(_ entry: YAMLEntry) -> StepSpec {
        checkName(entry.key, "a step")
        let fields = fields(entry.value, .step, "step '\(entry.name)'")
        let isUnsafe = fields["unsafe-interpolation"].flatMap { bool($0) } ?? false
        let kind = kind(entry, fields, isUnsafe: isUnsafe)
        // A step of no kind stands in the graph as one without outputs; it is damaged, so nobody asks for them.
        var step = StepSpec(id: entry.name, position: entry.key.position, kind: kind ?? .value([]))
        step.allowsUnsafeInterpolation = isUnsafe
        step.name = fields["name"].flatMap { text($0) }
        step.description = fields["description"].flatMap { text($0) }
        step.labels = fields["labels"].map { labels($0) } ?? []
        let isPlanned = KeyTable.plannedKinds.contains { entry.value[$0] != nil }
        data(of: &step, isPlanned ? fields.filter { $0.key != "outputs" } : fields, knowsKind: kind != nil)
        graph(of: &step, fields)
        failure(of: &step, fields)
        placement(of: &step, fields)
        if let kind { misplaced(kind, fields) }
        return step
    }

    // MARK: Kind

    private mutating func kind(_ entry: YAMLEntry, _ fields: [String: YAMLEntry], isUnsafe: Bool) -> StepKind? {
        let present = KeyTable.kinds.compactMap { fields[$0] }
        let isPlanned = KeyTable.plannedKinds.contains { entry.value[$0] != nil }
        guard present.count <= 1 else {
            let second = present.sorted { $0.key.position < $1.key.position }[1]
            fault(
                .stepKind, "step '\(entry.name)' is of two kinds: \(present.map { "'\($0.name)'" }.joined(separator: " and "))",
                hint: "make two steps of it", at: second.key.position)
            return nil
        }
        guard let only = present.first, !isPlanned else {
            if let method = fields["method"] {
                fault(.missingKey, "'method' without 'actor'", at: method.key.position)
            } else if !isPlanned, entry.value.map != nil || entry.value.isNull {
                fault(
                    .stepKind, "step '\(entry.name)' does nothing", hint: "give it \(Self.alternatives(KeyTable.kinds))",
                    at: entry.key.position)
            }
            return nil
        }
        if let method = fields["method"], only.name != "actor" { fault(.misplacedKey, "'method' without 'actor'", at: method.key.position) }
        switch only.name {
        case "run": return script(only, isUnsafe: isUnsafe)
        case "command": return command(only)
        case "call": return text(only).map { .call($0) }
        case "value":
            guard only.value.map?.isEmpty == false else {
                wrongType("'value'", wants: "a map with the outputs of the step", only.value)
                return nil
            }
            return .value(namedMembers(only, "an output"))
        default:
            guard let actor = text(only) else { return nil }
            guard let method = fields["method"] else {
                fault(.missingKey, "'actor' without 'method'", hint: "write method: NAME", at: only.key.position)
                return nil
            }
            return text(method).map { .actor(id: actor, method: $0) }
        }
    }

    private mutating func script(_ entry: YAMLEntry, isUnsafe: Bool) -> StepKind? {
        guard let scalar = scalar(entry.value, "'run'", wants: "a script") else { return nil }
        if isUnsafe { return systemTemplate(scalar, "'run'").map { .run($0) } }
        guard let opening = scalar.text.scalarOffset(of: "${{") else { return systemTemplate(scalar, "'run'").map { .run($0) } }
        fault(
            .interpolation, "${{ }} within 'run' lets data become code",
            hint: "move it to 'with: {name: ${{ … }}}' and write \"$INPUT_NAME\", or set 'unsafe-interpolation: true'",
            at: source.position(of: scalar, at: opening))
        return nil
    }

    private mutating func command(_ entry: YAMLEntry) -> StepKind? {
        guard let list = entry.value.list, !list.isEmpty else {
            wrongType(
                "'command'", wants: "a list of the program and its arguments", entry.value, hint: "use 'run' for a shell command line")
            return nil
        }
        let words = list.map { node in
            scalar(node, "an argument of 'command'", wants: "a text").flatMap { systemTemplate($0, "an argument of 'command'") }
        }
        return words.contains { $0 == nil } ? nil : .command(words.compactMap { $0 })
    }

    /// Keys that a step of this kind never looks at.
    private mutating func misplaced(_ kind: StepKind, _ fields: [String: YAMLEntry]) {
        var keys: [String] = []
        if !kind.isProcess { keys += ["stdin", "shell", "workdir", "sandbox", "grace"] }
        if case .command = kind { keys.append("shell") }
        if case .run = kind {} else { keys.append("unsafe-interpolation") }
        if case .value = kind { keys += ["outputs", "with", "env", "retry", "timeout", "resources", "on-crash", "version"] }
        for key in keys {
            guard let entry = fields[key] else { continue }
            fault(.misplacedKey, "'\(key)' has no meaning for a '\(kind.name)' step", at: entry.key.position)
        }
    }
}
