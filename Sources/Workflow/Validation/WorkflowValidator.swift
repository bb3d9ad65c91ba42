/// Checks what a file says as a whole: references, the graph, the folders; and fills in what each step depends on.
struct WorkflowValidator {
    private(set) var file: WorkflowFile
    private(set) var faults = Diagnostics()
    private let damagedSteps: Set<String>
    /// For each step, in the order of the file, the steps that it waits for and where it first says so.
    private var edges: [[Edge]] = []

    struct Edge {
        var target: Int
        var position: SourcePosition
    }

    init(_ file: WorkflowFile, damagedSteps: Set<String>) {
        self.file = file
        self.damagedSteps = damagedSteps
    }

    mutating func validate() {
        let workflowEnv = Set(file.env.map(\.position))
        for variable in file.env {
            let scope = ReferenceScope(place: "the workflow's 'env'", hasSteps: false, hasEnv: false)
            _ = check([(variable.value, scope)])
        }
        for index in file.actors.indices {
            let scope = ReferenceScope(place: "an actor")
            let templates = file.actors[index].with.flatMap(\.value.templates) + file.actors[index].resources.templates
            file.actors[index].dependencies = check(templates.map { ($0, scope) }).map { file.steps[$0.target].id }
        }
        var steps = file.steps
        for index in steps.indices {
            edges.append(dependencies(of: steps[index], workflowEnv))
            steps[index].dependencies = edges[index].map { steps[$0.target].id }
            checkPaths(of: steps[index])
        }
        file.set(steps: steps)
        _ = check(file.outputs.flatMap(\.value.templates).map { ($0, ReferenceScope(place: "the workflow's outputs")) })
        for cycle in CycleSearch(edges).cycles {
            let path = (cycle.path + [cycle.path[0]]).map { file.steps[$0].id }.joined(separator: " → ")
            let message = cycle.path.count == 1 ? "a step waits for itself: \(path)" : "steps wait for one another: \(path)"
            faults.add(file.source.diagnostic(.cycle, message, at: cycle.position))
        }
    }

    // MARK: Dependencies

    private mutating func dependencies(of step: StepSpec, _ workflowEnv: Set<SourcePosition>) -> [Edge] {
        var edges = check(step.scopedTemplates(without: workflowEnv))
        var seen = Set(edges.map(\.target))
        for need in step.needs {
            if let target = file.stepNumber(exactly: need.step) {
                if seen.insert(target).inserted { edges.append(Edge(target: target, position: need.position)) }
            } else {
                add(.undefinedNeed, "there is no step '\(need.step)'", hint: nearestStep(to: need.step), at: need.position)
            }
        }
        if case .actor(let id, _) = step.kind {
            if let actor = file.actor(id) {
                for dependency in actor.dependencies {
                    guard let target = file.stepNumber(exactly: dependency), seen.insert(target).inserted else { continue }
                    edges.append(Edge(target: target, position: step.position))
                }
            } else {
                let hint = WorkflowDecoder.didYouMean(id, among: file.actors.map(\.id)) ?? "declare it under 'actors'"
                add(.undefinedActor, "there is no actor '\(id)'", hint: hint, at: step.position)
            }
        }
        return edges
    }

    /// Checks every reference, and gives the steps that they mention.
    private mutating func check(_ templates: [(template: SourceTemplate, scope: ReferenceScope)]) -> [Edge] {
        var edges: [Edge] = []
        var seen: Set<Int> = []
        for (template, scope) in templates {
            for reference in template.references {
                let position = file.source.position(of: template.scalar, at: reference.offset)
                guard let target = check(reference, scope, at: position), seen.insert(target).inserted else { continue }
                edges.append(Edge(target: target, position: position))
            }
            let statusFunctions = template.template.functions.intersection(Self.statusFunctions)
            if !scope.hasStatusFunctions, let function = statusFunctions.min() {
                add(.context, "\(function)() has a meaning in 'if' only", at: template.position)
            }
        }
        return edges
    }

    private static let statusFunctions: Set<String> = ["success", "failure", "cancelled", "always"]

    // MARK: References

    /// The number of the step that is mentioned.
    private mutating func check(_ reference: ContextReference, _ scope: ReferenceScope, at position: SourcePosition) -> Int? {
        switch reference.context {
        case "steps": return checkStep(reference, scope, at: position)
        case "needs":
            guard let step = scope.step else {
                add(.context, "'needs' is not there in \(scope.place)", hint: "write steps.… instead", at: position)
                return nil
            }
            guard let id = reference.path.first else { return nil }
            let needed = step.needs.map(\.step)
            guard let number = NameIndex(needed).find(id) else {
                let exists = file.stepNumber(id) != nil
                let hint = exists ? "list it in 'needs', or write steps.\(id)" : WorkflowDecoder.didYouMean(id, among: needed)
                add(.notNeeded, "step '\(step.id)' does not list '\(id)' in 'needs'", hint: hint, at: position)
                return nil
            }
            var reference = reference
            reference.path[0] = needed[number]
            // That the needed step exists is checked where it is listed.
            return file.stepNumber(exactly: needed[number]) == nil ? nil : checkStep(reference, scope, at: position)
        case "inputs":
            if let name = reference.path.first, file.input(name) == nil {
                let hint = WorkflowDecoder.didYouMean(name, among: file.inputs.map(\.name)) ?? "declare it under 'inputs'"
                add(.undefinedInput, "there is no input '\(name)'", hint: hint, at: position)
            }
        case "item", "item-index", "item-key":
            guard !scope.hasItem else { return nil }
            let place = scope.step?.isFanOut == true ? "not there in \(scope.place)" : "there only in a step with 'for-each'"
            add(.itemOutside, "'\(reference.context)' is \(place)", at: position)
        case "attempt": if !scope.hasAttempt { add(.context, "'attempt' is not there in \(scope.place)", at: position) }
        case "env": if !scope.hasEnv { add(.context, "'env' is not there in \(scope.place)", at: position) }
        case "run": break
        case let context:
            add(.context, "the context '\(context)' belongs to the language, but this version does not support it yet", at: position)
        }
        return nil
    }

    private mutating func checkStep(_ reference: ContextReference, _ scope: ReferenceScope, at position: SourcePosition) -> Int? {
        guard scope.hasSteps else {
            add(.context, "'steps' is not there in \(scope.place)", at: position)
            return nil
        }
        guard let id = reference.path.first else {
            add(
                .dynamicStep, "the step must be named: it is planned before any value is known", hint: "write steps.NAME.outputs.NAME",
                at: position)
            return nil
        }
        guard let number = file.stepNumber(id) else {
            add(.undefinedStep, "there is no step '\(id)'", hint: nearestStep(to: id), at: position)
            return nil
        }
        let step = file.steps[number]
        guard reference.path.count > 1 else { return number }
        switch reference.path[1].lowercased() {
        case "result": break
        case "outputs":
            guard reference.path.count > 2, !damagedSteps.contains(step.id) else { break }
            let name = reference.path[2]
            guard NameIndex(step.outputNames).find(name) == nil else { break }
            let declared = step.outputNames.isEmpty ? "it declares none" : "it has \(step.outputNames.joined(separator: ", "))"
            let hint = WorkflowDecoder.didYouMean(name, among: step.outputNames) ?? declared
            add(.undefinedOutput, "step '\(step.id)' has no output '\(name)'", hint: hint, at: position)
        case let property:
            let hint =
                WorkflowDecoder.didYouMean(property, among: ["outputs", "result"]) ?? "write steps.\(step.id).outputs.\(reference.path[1])"
            add(.stepProperty, "a step has 'outputs' and 'result', but no '\(reference.path[1])'", hint: hint, at: position)
        }
        return number
    }

    // MARK: Folders

    private mutating func checkPaths(of step: StepSpec) {
        guard step.isFanOut, step.sandbox == .none, !variesByItem(step.workdir, step) else { return }
        for output in step.outputs {
            guard let path = output.source.template, !variesByItem(path, step) else { continue }
            let isGlob = if case .glob = output.source { true } else { false }
            let what = isGlob ? "would gather one another's files" : "would write the same file"
            add(
                .sharedOutputPath, "all items of step '\(step.id)' \(what): '\(path.scalar.text)'",
                hint: "set 'sandbox: scratch', or put ${{ item-index }} into the path", at: path.position)
        }
    }

    private func variesByItem(_ template: SourceTemplate?, _ step: StepSpec) -> Bool {
        template?.references.contains { reference in
            switch reference.context {
            case "item", "item-index", "item-key": true
            case "env": step.env.contains { $0.name == reference.path.first && variesByItem($0.value, step) }
            default: false
            }
        } ?? false
    }

    // MARK: Faults

    private mutating func add(_ code: DiagnosticCode, _ message: String, hint: String? = nil, at position: SourcePosition) {
        faults.add(file.source.diagnostic(code, message, hint: hint, at: position))
    }

    private func nearestStep(to id: String) -> String? { WorkflowDecoder.didYouMean(id, among: file.steps.lazy.map(\.id)) }
}
