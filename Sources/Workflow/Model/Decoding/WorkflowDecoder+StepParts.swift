internal import RayflowCore

extension WorkflowDecoder {
    // MARK: Data

    mutating func data(of step: inout StepSpec, _ fields: [String: YAMLEntry], knowsKind: Bool) {
        if let entry = fields["with"] {
            step.with = namedMembers(entry, "an argument")
            if step.kind.isProcess { checkVariables(step.with) }
        }
        step.stdin = fields["stdin"].flatMap { template($0) }
        var env = fields["env"].map { environment($0) } ?? []
        for variable in defaults.env + workflowEnv where !env.contains(where: { $0.name == variable.name }) { env.append(variable) }
        if case .value = step.kind { env = [] }
        step.env = env
        if let entry = fields["outputs"] {
            step.outputs = entries(entry.value, "'outputs'").map { output($0, isProcess: step.kind.isProcess || !knowsKind) }
        }
        step.isDeterministic = fields["deterministic"].flatMap { bool($0) } ?? step.isDeterministic
        step.version = fields["version"].flatMap { text($0) }
    }

    /// The variable under which a process finds an argument.
    static func variable(of name: String) -> String {
        "INPUT_" + name.map { $0 == "-" ? "_" : $0.uppercased() }.joined()
    }

    private mutating func checkVariables(_ with: [TemplateMember]) {
        var owners: [String: String] = [:]
        for member in with {
            // Each key also has a variable for the file with its value.
            for variable in [Self.variable(of: member.name), Self.variable(of: member.name) + "_FILE"] {
                if let other = owners.updateValue(member.name, forKey: variable) {
                    fault(.variableClash, "'\(member.name)' and '\(other)' both reach the process as $\(variable)", at: member.position)
                    break
                }
            }
        }
    }

    // MARK: Graph

    mutating func graph(of step: inout StepSpec, _ fields: [String: YAMLEntry]) {
        step.needs = fields["needs"].map { needs($0) } ?? []
        step.condition = fields["if"].flatMap { condition($0) }
        if let entry = fields["for-each"] {
            step.forEach = forEach(entry).map { ForEachSpec(items: $0) }
            if let entry = fields["key"] { step.forEach?.key = itemKey(entry) }
            step.forEach?.maxParallel = fields["max-parallel"].flatMap { entry in
                setting(entry, wants: "a whole number from 1") { scalar in scalar.value.intValue.flatMap { $0 >= 1 ? $0 : nil } }
            }
        } else {
            for key in ["key", "max-parallel"] {
                guard let entry = fields[key] else { continue }
                fault(.misplacedKey, "'\(key)' without 'for-each'", at: entry.key.position)
            }
        }
        if let policy = fields["on-crash"].flatMap({ choice($0, StepSpec.OnCrash.self) }) { step.onCrash = policy }
    }

    private mutating func needs(_ entry: YAMLEntry) -> [NeedSpec] {
        if let scalar = entry.value.scalar, !entry.value.isNull {
            return isLiteral(scalar, "'needs'") ? [NeedSpec(step: scalar.text, position: scalar.position)] : []
        }
        guard let list = entry.value.list else {
            wrongType("'needs'", wants: "a list of steps", entry.value)
            return []
        }
        return list.compactMap { node in
            if node.map != nil {
                let fields = fields(node, .need, "an element of 'needs'")
                guard let step = fields["step"] else {
                    fault(.missingKey, "an element of 'needs' without 'step'", at: node.position)
                    return nil
                }
                let isOrderOnly = fields["order-only"].flatMap { bool($0) } ?? false
                return text(step).map { NeedSpec(step: $0, position: step.value.position, isOrderOnly: isOrderOnly) }
            }
            guard let scalar = scalar(node, "an element of 'needs'", wants: "a step"), isLiteral(scalar, "'needs'") else { return nil }
            return NeedSpec(step: scalar.text, position: scalar.position)
        }
    }

    private mutating func forEach(_ entry: YAMLEntry) -> TemplateTree? {
        guard let scalar = entry.value.scalar else { return tree(entry.value) }
        guard !entry.value.isNull, let template = template(scalar) else {
            if entry.value.isNull { wrongType("'for-each'", wants: "a list, a map or one ${{ }}", entry.value) }
            return nil
        }
        guard template.template.isWhole else {
            wrongType(
                "'for-each'", wants: "a list, a map or one ${{ }}", entry.value, hint: "write for-each: ${{ … }} with nothing around it")
            return nil
        }
        return .template(template)
    }

    private mutating func itemKey(_ entry: YAMLEntry) -> SourceTemplate? {
        guard let key = template(entry, wants: "an expression") else { return nil }
        guard !key.isLiteral else {
            fault(.badValue, "'key' is the same for all items", hint: "write key: ${{ item.… }}", at: entry.value.position)
            return nil
        }
        return key
    }

    // MARK: Failure

    mutating func failure(of step: inout StepSpec, _ fields: [String: YAMLEntry]) {
        if let policy = fields["retry"].flatMap({ retry($0) }) ?? defaults.retry { step.retry = policy }
        step.timeout = fields["timeout"].flatMap { limitSetting($0) } ?? defaults.timeout
        if let grace = fields["grace"].flatMap({ durationSetting($0) }) ?? defaults.grace { step.grace = grace }
        if let entry = fields["continue-on-error"], let value = setting(entry, wants: "true or false", { $0.value.boolValue }) {
            step.continueOnError = value
        }
    }

    mutating func retry(_ entry: YAMLEntry) -> RetryPolicy? {
        var policy = RetryPolicy()
        if entry.value.scalar != nil {
            // The number of attempts after the first, as people read `retry: 3`.
            guard let retries = int(entry, in: 0...(WorkflowLimits.attempts - 1)) else { return nil }
            policy.maxAttempts = 1 + retries
            return policy
        }
        let fields = fields(entry.value, .retry, "'retry'")
        if let value = fields["max-attempts"].flatMap({ int($0, in: 1...WorkflowLimits.attempts) }) { policy.maxAttempts = value }
        if let value = fields["backoff"].flatMap({ choice($0, RetryPolicy.Backoff.self) }) { policy.backoff = value }
        if let value = fields["delay"].flatMap({ duration($0) }) { policy.delay = value }
        if let value = fields["factor"].flatMap({ number($0, in: 1...1000, bounds: "from 1 to 1000") }) { policy.factor = value }
        if let value = fields["max-delay"].flatMap({ duration($0) }) { policy.maxDelay = value }
        if let value = fields["jitter"].flatMap({ number($0, in: 0...1, bounds: "from 0 to 1") }) { policy.jitter = value }
        policy.condition = fields["if"].flatMap { condition($0) }
        if let entry = fields["on"] {
            guard let list = entry.value.list, !list.isEmpty else {
                wrongType("'on'", wants: "a list", entry.value)
                return policy
            }
            policy.causes = Set(
                list.compactMap { node in
                    scalar(node, "an element of 'on'", wants: "a text").flatMap {
                        choice($0.text, at: node.position, "an element of 'on'", RetryPolicy.Cause.self)
                    }
                })
        }
        return policy
    }

    // MARK: Placement

    mutating func placement(of step: inout StepSpec, _ fields: [String: YAMLEntry]) {
        let own = fields["resources"].map { resources($0) } ?? ResourceSpec()
        step.resources = own.filled(from: defaults.resources)
        step.shell = fields["shell"].flatMap { shell($0) } ?? defaults.shell ?? step.shell
        step.workdir = fields["workdir"].flatMap { pathTemplate($0) }
        step.sandbox = fields["sandbox"].flatMap { choice($0, StepSpec.Sandbox.self) } ?? defaults.sandbox ?? step.sandbox
    }

    mutating func shell(_ entry: YAMLEntry) -> [String]? {
        guard let text = text(entry) else { return nil }
        let words = text.split { $0 == " " || $0 == "\t" }.map(String.init)
        guard !words.isEmpty else {
            fault(.badValue, "'shell' names no program", at: entry.value.position)
            return nil
        }
        return words
    }

    /// Names that look like a resource of the language would otherwise be the user's own resources, which no node has.
    private static let lookalikes = [
        "cpu": "cpus", "cpus": "cpus", "gpu": "gpus", "gpus": "gpus", "mem": "memory", "memory": "memory", "ram": "memory", "disk": "disk",
    ]

    mutating func resources(_ entry: YAMLEntry) -> ResourceSpec {
        var spec = ResourceSpec()
        for entry in entries(entry.value, "'resources'") {
            switch entry.name {
            case "cpus": spec.cpus = amountSetting(entry)
            case "gpus": spec.gpus = amountSetting(entry)
            case "memory": spec.memory = sizeSetting(entry)
            case "disk": spec.disk = sizeSetting(entry)
            case let name:
                if let meant = Self.lookalikes[name.lowercased()] {
                    fault(.unknownKey, "unknown key '\(name)' in 'resources'", hint: "did you mean '\(meant)'?", at: entry.key.position)
                } else if let amount = amountSetting(entry) {
                    checkName(entry.key, "a resource")
                    spec.named.append((name, amount))
                }
            }
        }
        return spec
    }
}
