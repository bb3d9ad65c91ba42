internal import RayflowCore

/// Evaluating what the file says, for a step or one of its items.
extension RunInstance {
    /// A context for the unit, or for the step itself when there is none yet.
    mutating func context(step number: Int, unit: Int?) -> StepContext {
        var contexts: [String: Value] = [
            "inputs": inputs, "run": runValue, "steps": dependencyValues(of: number), "env": .object([:]), "secrets": .object([:]),
            "actors": .object([:]), "status": statusValue,
        ]
        contexts["needs"] = needsValue(of: number)
        if let unit {
            if let item = units[unit].item {
                contexts["item"] = item.value
                contexts["item-index"] = .number(Double(item.index))
                contexts["item-key"] = .string(item.key)
            }
            contexts["attempt"] = attemptValue(units[unit])
        }
        return StepContext(
            contexts, statuses: statuses(of: number), facts: facts, contents: contents,
            memo: unit.map { units[$0].outside } ?? steps[number].outside)
    }

    /// Takes over what the evaluation asked of the world.
    mutating func keep(_ context: StepContext, step: Int, unit: Int?) {
        if let unit { units[unit].outside = context.memo } else { steps[step].outside = context.memo }
    }

    private mutating func dependencyValues(of number: Int) -> Value {
        if let known = steps[number].dependencyValues { return known }
        let value = Value.object(ValueObject(steps[number].dependencies.map { (steps[$0].spec.id, steps[$0].value) }))
        steps[number].dependencyValues = value
        return value
    }

    private func needsValue(of number: Int) -> Value {
        let needs = steps[number].spec.needs.compactMap { workflow.stepNumber($0.step) }
        return .object(ValueObject(needs.map { (steps[$0].spec.id, steps[$0].value) }))
    }

    private var statusValue: Value {
        ["result": .string(failedSteps.isEmpty ? "success" : "failure"), "failed-steps": .list(failedSteps.map { .string($0) })]
    }

    /// The attempt that has just failed, else the one that is about to begin, with the failure of the one before. Numbers count this epoch.
    private func attemptValue(_ unit: RunUnit) -> Value {
        let failure = unit.failure ?? unit.lastFailure
        return [
            "number": .number(Double(unit.failure == nil ? unit.charged + 1 : unit.charged)),
            "exit-code": failure?.exitCode.map { .number(Double($0)) } ?? .null,
            "error": failure.map { .string($0.kind.rawValue) } ?? .null,
            "message": failure.map { .string($0.message) } ?? .null,
        ]
    }

    /// Over the direct dependencies.
    func statuses(of number: Int) -> StepContext.Statuses {
        var statuses = StepContext.Statuses()
        for dependency in steps[number].dependencies {
            let step = steps[dependency]
            if !step.isGood { statuses.isSuccess = false }
            if step.status.isFailure, !step.isTolerated { statuses.isFailure = true }
            if step.status == .cancelled { statuses.isCancelled = true }
        }
        return statuses
    }

    /// Lets the templates see `env`, if they mention it. What depends on the item is not there before there are items.
    func setEnvironment(_ number: Int, _ context: StepContext, for templates: [SourceTemplate]) throws(PlanFault) {
        guard templates.contains(where: { $0.references.contains { $0.context == "env" } }) else { return }
        let spec = steps[number].spec
        let hasItem = context.value(of: "item") != nil
        let entries = spec.env.filter { hasItem || !spec.isFanOut || !RunStep.varies($0.value) }
        context.set("env", .object(try environment(entries, context)))
    }

    /// What `env` declares, in order.
    func environment(_ variables: [EnvironmentSpec], _ context: StepContext) throws(PlanFault) -> ValueObject {
        var entries: [(String, Value)] = []
        for variable in variables { entries.append((variable.name, try loaded(evaluate(variable.value, context)))) }
        return ValueObject(entries)
    }

    // MARK: Templates

    func evaluate(_ tree: TemplateTree, _ context: StepContext) throws(PlanFault) -> Value {
        do { return try tree.evaluate(in: context) } catch { throw planFault(error) }
    }

    func evaluate(_ template: SourceTemplate, _ context: StepContext) throws(PlanFault) -> Value {
        do { return try template.evaluate(in: context) } catch { throw planFault(error) }
    }

    /// All of them, so that content is asked for in one go.
    /// - Parameter finish: brings each value into the form in which it is wanted.
    func evaluate(
        _ members: [TemplateMember], _ context: StepContext, _ finish: (Value) throws(PlanFault) -> Value
    ) throws(PlanFault) -> [(String, Value)] {
        var values: [(String, Value)] = []
        var missing: [ValueRef] = []
        for member in members {
            do throws(PlanFault) {
                values.append((member.name, try finish(evaluate(member.value, context))))
            } catch {
                guard case .needs(let refs) = error else { throw error }
                missing += refs
            }
        }
        guard missing.isEmpty else { throw .needs(missing) }
        return values
    }

    func condition(_ template: SourceTemplate, _ context: StepContext) throws(PlanFault) -> Bool {
        do { return try template.template.evaluateCondition(in: context) } catch {
            throw planFault(TemplateFault(fault: error, template: template))
        }
    }

    private func planFault(_ fault: TemplateFault) -> PlanFault {
        if case .needs(let refs) = fault.fault { return .needs(refs) }
        guard let diagnostic = workflow.source.diagnostic(fault) else { return .wrong("an expression has no value") }
        return .wrong("\(diagnostic.place): \(diagnostic.message)\(diagnostic.hint.map { "; \($0)" } ?? "")")
    }

    func place(_ position: SourcePosition) -> String { "\(workflow.source.file):\(position)" }

    // MARK: Values

    /// The value with the content of every object in it.
    func loaded(_ value: Value) throws(PlanFault) -> Value {
        guard value.hasRefs else { return value }
        let missing = value.refs.filter { contents[$0] == nil }
        guard missing.isEmpty else { throw .needs(missing) }
        return replacing(value)
    }

    private func replacing(_ value: Value) -> Value {
        switch value {
        case .ref(let ref): contents[ref] ?? .null
        case .array(let elements): .list(elements.map { replacing($0) })
        case .object(let members): .object(ValueObject(members.map { ($0.key, replacing($0.value)) }))
        default: value
        }
    }

    /// As a process sees it: texts as they are, null as nothing, lists and maps as JSON, files as absolute paths.
    func text(_ value: Value) throws(PlanFault) -> String {
        switch try loaded(value) {
        case .file(let path): facts.resolve(path)
        case .array, .object: try json(value).compact
        case let scalar: scalar.coercedText
        }
    }

    /// As JSON, with files as absolute paths.
    func json(_ value: Value) throws(PlanFault) -> JSON { resolved(try loaded(value)).plainJSON }

    private func resolved(_ value: Value) -> Value {
        switch value {
        case .file(let path): .string(facts.resolve(path))
        case .array(let elements): .list(elements.map { resolved($0) })
        case .object(let members): .object(ValueObject(members.map { ($0.key, resolved($0.value)) }))
        default: value
        }
    }
}
