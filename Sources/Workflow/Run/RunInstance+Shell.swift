internal import Raylet
internal import RayflowCore

/// Orders for the step runner.
extension RunInstance {
    /// What does not depend on the number of the attempt.
    struct ShellPlan {
        var position: String
        /// The arguments of a command, or the script alone.
        var arguments: [String]
        var env: ValueObject
        var with: ValueObject
        var stdin: Value?
        var workdir: String?
        /// The path or pattern of each output that has one.
        var sources: [String?]
        var defaults: [Value?]
        var timeout: Duration?
        var grace: Duration
        var resources: ResourceSet
        var fingerprint: Digest128
    }

    func shellPlan(_ unit: Int, _ context: StepContext) throws(PlanFault) -> ShellPlan {
        let step = steps[units[unit].step]
        let spec = step.spec
        let env = try environment(spec.env, context)
        context.set("env", .object(env))
        let with = try evaluate(spec.with, context, loaded)
        var resolved: [Value] = []
        var arguments: [String] = []
        switch spec.kind {
        case .command(let templates):
            for template in templates {
                let value = try loaded(evaluate(template, context))
                resolved.append(value)
                arguments.append(try argument(value, template.position, arguments.count))
            }
        case .run(let script):
            let value = try evaluate(script, context)
            resolved.append(value)
            arguments = [try text(value)]
        case .call, .actor, .value: break
        }
        let stdin = try spec.stdin.map { (template) throws(PlanFault) in try loaded(evaluate(template, context)) }
        let workdir = try spec.workdir.map { (template) throws(PlanFault) in try text(evaluate(template, context)) }
        let sources = try outputSources(spec, context)
        var defaults: [Value?] = []
        for output in spec.outputs {
            defaults.append(try output.defaultValue.map { (tree) throws(PlanFault) in try loaded(evaluate(tree, context)) })
        }
        resolved += [stdin ?? .null, workdir.map { .string($0) } ?? .null]
        resolved += sources.map { $0.map { .string($0) } ?? .null } + defaults.map { $0 ?? .null }
        return ShellPlan(
            position: units[unit].position, arguments: arguments, env: env, with: ValueObject(with), stdin: stdin, workdir: workdir,
            sources: sources, defaults: defaults,
            timeout: try spec.timeout.map { (setting) throws(PlanFault) in try duration(setting, "timeout", context) },
            grace: try duration(spec.grace, "grace", context), resources: try resources(spec.resources, defaultCPUs: 1, context),
            fingerprint: fingerprint(step, resolved: resolved, with: ValueObject(with), env: env))
    }

    /// The plan as an attempt in its own folder.
    func shellOrder(_ plan: ShellPlan, _ unit: Int, attempt: Int) throws(PlanFault) -> ShellOrder {
        let spec = steps[units[unit].step].spec
        let folder = options.attemptFolder(plan.position, attempt)
        var order = ShellOrder(
            position: plan.position, attempt: attempt, arguments: plan.arguments, environment: [], files: [],
            workdir: Self.folder(spec, plan.workdir, folder, facts), isScratch: spec.sandbox == .scratch, input: .none, folder: folder,
            timeout: plan.timeout, grace: plan.grace, resources: plan.resources, pathLength: steps[units[unit].step].pathLength,
            fingerprint: plan.fingerprint.bytes, outputs: [])
        if case .run = spec.kind { setScript(&order, spec.shell) }
        try setInput(&order, plan.stdin)
        try setEnvironment(&order, plan.env, plan.with)
        order.outputs = outputOrders(spec, plan, order.workdir)
        return order
    }

    private static func folder(_ spec: StepSpec, _ workdir: String?, _ folder: String, _ facts: any OutsideFacts) -> String {
        guard spec.sandbox == .scratch else { return workdir.map(facts.resolve) ?? facts.resolve("") }
        let scratch = folder + "/scratch"
        guard let workdir else { return scratch }
        return workdir.hasPrefix("/") ? workdir : scratch + "/" + workdir
    }

    // MARK: Arguments and input

    private func argument(_ value: Value, _ position: SourcePosition, _ index: Int) throws(PlanFault) -> String {
        let text = try text(value)
        guard !text.utf8.contains(0) else { throw .wrong("\(place(position)): argument \(index) holds a zero byte, which no argument can") }
        guard text.utf8.count <= RunLimits.argumentBytes else {
            let size = "has \(text.utf8.count) bytes, more than the \(RunLimits.argumentBytes) that Linux takes"
            throw .wrong("\(place(position)): argument \(index) \(size); pass it through with: or stdin:")
        }
        return text
    }

    /// The script goes as an argument while it is short, else as a file; a shell that names `{0}` always gets a file.
    private func setScript(_ order: inout ShellOrder, _ shell: [String]) {
        let script = order.arguments.first ?? ""
        let path = order.folder + "/script"
        if shell.contains(where: { $0.contains("{0}") }) {
            order.arguments = shell.map { word in
                word.split(separator: "{0}", omittingEmptySubsequences: false).joined(separator: path)
            }
            order.files.append(.init(path: path, content: script))
        } else if script.utf8.count > RunLimits.scriptArgumentBytes {
            order.arguments = shell + [path]
            order.files.append(.init(path: path, content: script))
        } else {
            order.arguments = shell + ["-c", script]
        }
    }

    private func setInput(_ order: inout ShellOrder, _ stdin: Value?) throws(PlanFault) {
        guard let stdin, stdin != .null else { return }
        if case .file(let path) = stdin {
            order.input = .file(facts.resolve(path))
            return
        }
        let text = try text(stdin)
        if text.utf8.count <= RunLimits.inlineInputBytes {
            order.input = .bytes(Array(text.utf8))
        } else {
            let path = order.folder + "/stdin"
            order.files.append(.init(path: path, content: text))
            order.input = .file(path)
        }
    }

    // MARK: Environment

    private func setEnvironment(_ order: inout ShellOrder, _ env: ValueObject, _ with: ValueObject) throws(PlanFault) {
        for (name, value) in env { try add(&order, name, text(value), isRequired: true) }
        for (key, value) in with {
            let name = Self.variable(key)
            let text = try text(value)
            try add(&order, "INPUT_\(name)", text, isRequired: false)
            if case .file(let path) = value {
                try add(&order, "INPUT_\(name)_FILE", facts.resolve(path), isRequired: true)
            } else {
                try addFile(&order, "INPUT_\(name)_FILE", "inputs/\(name)", text)
            }
        }
        if !with.isEmpty {
            let all = try json(.object(with)).compact
            try add(&order, "RAYFLOW_INPUTS", all, isRequired: false)
            try addFile(&order, "RAYFLOW_INPUTS_FILE", "inputs.json", all)
        }
        for (name, value) in [
            ("RAYFLOW_OUTPUT", order.outputPath), ("RAYFLOW_RUN_ID", options.runID), ("RAYFLOW_WORKFLOW_DIR", options.workflowFolder),
            ("RAYFLOW_STEP_ID", order.position), ("RAYFLOW_ATTEMPT", String(order.attempt)),
        ] {
            try add(&order, name, value, isRequired: true)
        }
    }

    /// `-` and all else that no shell takes in a name becomes `_`.
    private static func variable(_ key: String) -> String {
        String(
            decoding: key.utf8.map { byte -> UInt8 in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"): byte & 0xDF
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
                default: UInt8(ascii: "_")
                }
            }, as: UTF8.self)
    }

    private func add(_ order: inout ShellOrder, _ name: String, _ value: String, isRequired: Bool) throws(PlanFault) {
        let isLong = value.utf8.count > RunLimits.environmentValueBytes
        let hasZero = value.utf8.contains(0)
        if !isLong, !hasZero { return order.environment.append(EnvironmentVariable(name, value)) }
        // What does not fit is still there as a file.
        guard isRequired else { return }
        let what = hasZero ? "holds a zero byte" : "has \(value.utf8.count) bytes, more than \(RunLimits.environmentValueBytes)"
        throw .wrong("the environment variable \(name) of '\(order.position)' \(what); pass it through with: and read its file")
    }

    private func addFile(_ order: inout ShellOrder, _ variable: String, _ name: String, _ content: String) throws(PlanFault) {
        let path = "\(order.folder)/\(name)"
        order.files.append(.init(path: path, content: content))
        try add(&order, variable, path, isRequired: true)
    }

    // MARK: Outputs

    /// The evaluated path or pattern of each output that has one.
    private func outputSources(_ spec: StepSpec, _ context: StepContext) throws(PlanFault) -> [String?] {
        var sources: [String?] = []
        for output in spec.outputs {
            guard let template = output.source.template else {
                sources.append(nil)
                continue
            }
            let text = try text(evaluate(template, context))
            guard !text.isEmpty else { throw .wrong("\(place(template.position)): the path of output '\(output.name)' is empty") }
            sources.append(text)
        }
        return sources
    }

    private func outputOrders(_ spec: StepSpec, _ plan: ShellPlan, _ workdir: String) -> [OutputOrder] {
        spec.outputs.indices.map { index in
            let output = spec.outputs[index]
            let written = plan.sources[index] ?? ""
            let path = written.hasPrefix("/") ? written : workdir + "/" + written
            let source: OutputOrder.Source =
                switch output.source {
                case .stdout: .stdout
                case .stderr: .stderr
                case .outputFile: .outputFile
                case .content: .content(written: written, path: path)
                case .path: .path(written: written, path: path)
                case .glob: .glob(pattern: written, folder: workdir)
                }
            return OutputOrder(
                output.name, output.type, source, pointer: output.pointer, defaultValue: plan.defaults[index], isOptional: output.isOptional
            )
        }
    }
}
