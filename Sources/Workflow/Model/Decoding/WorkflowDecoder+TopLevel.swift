internal import RayflowCore

extension WorkflowDecoder {
    static let languageVersion = 1

    mutating func workflow(_ root: YAMLNode) -> WorkflowFile {
        var file = WorkflowFile(source: source, name: Self.stem(of: source.file))
        guard root.map != nil else {
            wrongType("a workflow file", wants: "a map", root, hint: "begin with 'rayflow: 1' and 'steps:'")
            return file
        }
        let fields = fields(root, .workflow, "the workflow")
        version(fields["rayflow"], root)
        if let entry = fields["name"], let name = text(entry) { file.name = name }
        file.description = fields["description"].flatMap { text($0) }
        file.app = fields["app"].flatMap { app($0) }
        file.inputs = fields["inputs"].map { inputs($0) } ?? []
        file.env = fields["env"].map { environment($0) } ?? []
        workflowEnv = file.env
        if let entry = fields["defaults"] { stepDefaults(entry) }
        file.actors = fields["actors"].map { actors($0) } ?? []
        file.set(steps: steps(fields["steps"], root))
        file.outputs = fields["outputs"].map { namedMembers($0, "an output") } ?? []
        file.labels = fields["labels"].map { labels($0) } ?? []
        if let policy = fields["failure-policy"].flatMap({ choice($0, WorkflowFile.FailurePolicy.self) }) { file.failurePolicy = policy }
        file.timeout = fields["timeout"].flatMap { limit($0) }
        file.maxParallel = fields["max-parallel"].flatMap { int($0, in: 1...Int.max) }
        return file
    }

    private mutating func version(_ entry: YAMLEntry?, _ root: YAMLNode) {
        guard let entry else {
            return fault(
                .missingKey, "the key 'rayflow' is missing", hint: "write 'rayflow: \(Self.languageVersion)' as the first line",
                at: root.position)
        }
        guard case .int(let version)? = entry.value.scalar?.value else {
            return wrongType(
                "'rayflow'", wants: "the version of the language", entry.value, hint: "write 'rayflow: \(Self.languageVersion)'")
        }
        guard version == Self.languageVersion else {
            return fault(
                .version, "version \(version) of the language is not known; this program reads version \(Self.languageVersion)",
                at: entry.value.position)
        }
    }

    private mutating func app(_ entry: YAMLEntry) -> AppSpec? {
        guard entry.value.map != nil else { return text(entry).map { .path($0) } }
        let fields = fields(entry.value, .app, "'app'")
        guard let package = fields["package"], let product = fields["product"] else {
            let missing = fields["package"] == nil ? "package" : "product"
            fault(.missingKey, "'app' has no '\(missing)'", hint: "write app: {package: FOLDER, product: NAME}", at: entry.key.position)
            return nil
        }
        guard let path = text(package), let name = text(product) else { return nil }
        return .package(path: path, product: name)
    }

    private mutating func stepDefaults(_ entry: YAMLEntry) {
        let fields = fields(entry.value, .defaults, "'defaults'")
        defaults.shell = fields["shell"].flatMap { shell($0) }
        defaults.env = fields["env"].map { environment($0) } ?? []
        defaults.retry = fields["retry"].flatMap { retry($0) }
        defaults.timeout = fields["timeout"].flatMap { limitSetting($0) }
        defaults.grace = fields["grace"].flatMap { durationSetting($0) }
        if let entry = fields["resources"] { defaults.resources = resources(entry) }
        defaults.sandbox = fields["sandbox"].flatMap { choice($0, StepSpec.Sandbox.self) }
    }

    private mutating func actors(_ entry: YAMLEntry) -> [ActorSpec] {
        entries(entry.value, "'actors'").map { entry in
            checkName(entry.key, "an actor")
            let fields = fields(entry.value, .actor, "actor '\(entry.name)'")
            var actor = ActorSpec(id: entry.name, position: entry.key.position)
            if let type = fields["type"] {
                actor.type = text(type) ?? ""
            } else if entry.value["serve"] == nil {
                fault(.missingKey, "actor '\(entry.name)' has no 'type'", hint: "write type: Module.Actor", at: entry.key.position)
            }
            actor.with = fields["with"].map { namedMembers($0, "an argument") } ?? []
            if let entry = fields["resources"] { actor.resources = resources(entry) }
            actor.maxRestarts = fields["max-restarts"].flatMap { int($0, in: 0...WorkflowLimits.attempts) } ?? actor.maxRestarts
            actor.maxTaskRetries = fields["max-task-retries"].flatMap { int($0, in: 0...WorkflowLimits.attempts) } ?? actor.maxTaskRetries
            actor.maxConcurrency = fields["max-concurrency"].flatMap { int($0, in: 1...WorkflowLimits.concurrency) } ?? actor.maxConcurrency
            return actor
        }
    }

    private static func stem(of path: String) -> String {
        let file = path.split(separator: "/").last ?? ""
        guard let dot = file.lastIndex(of: "."), dot > file.startIndex else { return String(file) }
        return String(file[..<dot])
    }
}
