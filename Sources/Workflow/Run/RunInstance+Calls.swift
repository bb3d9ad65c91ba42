package import RayflowCore

/// Steps that call functions and actors.
extension RunInstance {
    /// The unit's next call, and the actor that it needs.
    func callPlan(_ unit: Int, _ context: StepContext) throws(PlanFault) -> (CallOrder, ActorOrder?) {
        let step = steps[units[unit].step]
        let spec = step.spec
        let env = try environment(spec.env, context)
        context.set("env", .object(env))
        let values = ValueObject(try evaluate(spec.with, context, argument))
        let target: CallOrder.Target
        var actor: ActorOrder?
        var variables: [String: String] = [:]
        switch spec.kind {
        case .actor(let id, let method):
            actor = try actorPlan(id, context)
            target = .method(actor: id, typeName: actor?.typeName ?? "", method)
        case .call(let function):
            target = .function(function)
            for (name, value) in env { variables[name] = try text(value) }
        case .run, .command, .value: throw .wrong("'\(spec.id)' calls nothing")
        }
        let order = CallOrder(
            position: units[unit].position, attempt: units[unit].attempt + 1, target: target, with: values, environment: variables,
            resources: try resources(spec.resources, defaultCPUs: 1, context), pathLength: step.pathLength,
            timeout: try spec.timeout.map { (setting) throws(PlanFault) in try duration(setting, "timeout", context) },
            fingerprint: fingerprint(step, resolved: [], with: values, env: env))
        return (order, actor)
    }

    private func actorPlan(_ id: String, _ context: StepContext) throws(PlanFault) -> ActorOrder? {
        guard let spec = workflow.actor(id) else { return nil }
        let with = ValueObject(try evaluate(spec.with, context, argument))
        return ActorOrder(
            id: id, typeName: spec.type, with: with, resources: try resources(spec.resources, defaultCPUs: 0, context),
            maxRestarts: spec.maxRestarts, maxTaskRetries: spec.maxTaskRetries, maxConcurrency: spec.maxConcurrency)
    }

    /// Objects stay references where a parameter can take them: alone and in a list. Anywhere deeper their content is brought. Workers run
    /// in other folders, so paths become absolute.
    private func argument(_ value: Value) throws(PlanFault) -> Value {
        switch value {
        case .ref: return value
        case .array(let elements) where value.hasRefs:
            var arguments: [Value] = []
            for element in elements {
                if case .ref = element { arguments.append(element) } else { arguments.append(absolute(try loaded(element))) }
            }
            return .list(arguments)
        default: return absolute(try loaded(value))
        }
    }

    private func absolute(_ value: Value) -> Value {
        switch value {
        case .file(let path): .file(facts.resolve(path))
        case .array(let elements): .list(elements.map { absolute($0) })
        case .object(let members): .object(ValueObject(members.map { ($0.key, absolute($0.value)) }))
        default: value
        }
    }

    // MARK: What happened

    /// The engine has the call: these objects will hold its results.
    package mutating func onCallSubmitted(unit: Int, attempt: Int, _ results: [CallResult]) {
        guard isCurrent(unit, attempt) else { return }
        units[unit].results = results
        // The lineage of a call with a key does not tell what it was called with, its fingerprint does.
        for result in results { refDigests[result.ref] = "\(result.lineage) \(units[unit].fingerprint)" }
    }

    /// The engine runs the call again by itself: whoever ran it is gone.
    package mutating func onCallRetried(unit: Int, attempt: Int, _ error: ErrorRecord, into directives: inout [RunDirective]) {
        guard isCurrent(unit, attempt) else { return }
        units[unit].systemRetries += 1
        var record = record(of: units[unit], .running)
        record.started = units[unit].started
        directives.append(.record(position: units[unit].position, record))
        directives.append(.event(.note("step \(units[unit].position) runs again: \(error.message)")))
    }

    /// The call has ended; `errors` says for each result why it is not there.
    package mutating func onCallEnded(
        unit: Int, attempt: Int, _ errors: [ErrorRecord?], now: UInt64, into directives: inout [RunDirective]
    ) {
        guard isCurrent(unit, attempt) else { return }
        if let error = errors.compactMap({ $0 }).first {
            failUnit(unit, StepFailure(error), now, &directives)
        } else {
            units[unit].phase = .evaluating
            work.append(.collect(unit: unit))
        }
        settle(now, &directives)
    }

    /// Takes the results of a finished call apart into the outputs that the step declares.
    mutating func collect(_ unit: Int, _ now: UInt64, _ directives: inout [RunDirective]) {
        guard units[unit].phase == .evaluating else { return }
        let spec = steps[units[unit].step].spec
        var outputs: [(String, Value)] = []
        do throws(PlanFault) {
            for output in spec.outputs { outputs.append((output.name, try self.output(output, of: units[unit], spec))) }
        } catch {
            switch error {
            case .needs(let refs): return bring(refs, for: .collect(unit: unit), &directives)
            case .failed(let failure): return failUnit(unit, StepFailure(.failure, failure.message), now, &directives)
            }
        }
        if !spec.outputs.contains(where: { $0.name == StepSpec.defaultOutput }) {
            outputs.append((StepSpec.defaultOutput, Self.whole(units[unit].results)))
        }
        let values = ValueObject(outputs)
        let held = Set(Value.object(values).refs)
        release(units[unit].results.map(\.ref).filter { !held.contains($0) }, &directives)
        units[unit].results = []
        succeed(unit, values, now, &directives)
    }

    /// All that was returned: one object, or a map of them.
    private static func whole(_ results: [CallResult]) -> Value {
        if results.count == 1 { return .ref(results[0].ref) }
        return .object(ValueObject(results.map { ($0.name, Value.ref($0.ref)) }))
    }

    /// A declared output is the result of that name, else the field of that name of the only result, else the only result itself. Only to
    /// look for a field is content brought.
    private func output(_ output: OutputSpec, of unit: RunUnit, _ spec: StepSpec) throws(PlanFault) -> Value {
        let named = unit.results.filter { $0.name == output.name }
        if named.count == 1 { return .ref(named[0].ref) }
        // Several objects of one name are the elements of a list.
        if named.count > 1 { return .list(named.map { .ref($0.ref) }) }
        if unit.results.count == 1 {
            let whole = Value.ref(unit.results[0].ref)
            if spec.outputs.count == 1, output.type == .bytes { return whole }
            let content = try loaded(whole)
            if case .object(let members) = content, let index = members.keys.firstIndex(of: output.name) {
                return try typed(members.values[index], output)
            }
            if spec.outputs.count == 1 { return try Self.isScalar(output.type) ? typed(content, output) : whole }
        }
        if let value = output.defaultValue?.literalValue { return Value(value) }
        if output.isOptional { return .null }
        let names = unit.results.map { "'\($0.name)'" }.joined(separator: ", ")
        throw .wrong("what was called returned no '\(output.name)'; it returned \(names.isEmpty ? "nothing" : names)")
    }

    private static func isScalar(_ type: ValueType) -> Bool {
        switch type {
        case .string, .int, .float, .bool, .enumeration, .duration, .size, .file, .dir: true
        case .bytes, .json, .list, .map: false
        }
    }

    private func typed(_ value: Value, _ output: OutputSpec) throws(PlanFault) -> Value {
        if value == .null, output.isOptional { return .null }
        do { return try OutputParsing.value(value.plainJSON, output.type) } catch {
            throw .wrong("output '\(output.name)': \(error.what)")
        }
    }
}
