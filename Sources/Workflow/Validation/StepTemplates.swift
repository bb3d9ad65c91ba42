extension StepSpec {
    /// Every template of the step with what it may mention, in the order in which a step is planned and run.
    ///
    /// - Parameter workflowEnv: positions of the variables that belong to the workflow; they are checked there.
    func scopedTemplates(without workflowEnv: Set<SourcePosition>) -> [(template: SourceTemplate, scope: ReferenceScope)] {
        var found: [(SourceTemplate, ReferenceScope)] = []
        func add(_ templates: [SourceTemplate], _ scope: ReferenceScope) { for template in templates { found.append((template, scope)) } }

        let planning = ReferenceScope(step: self, place: "'for-each'")
        var perItem = planning
        perItem.hasItem = isFanOut
        var condition = perItem
        condition.place = "'if'"
        condition.hasStatusFunctions = true
        var body = perItem
        body.place = "a '\(kind.name)' step"
        body.hasAttempt = true
        var environment = body
        environment.place = "'env'"
        environment.hasEnv = false

        add(forEach?.items.templates ?? [], planning)
        add([forEach?.maxParallel?.template].compactMap { $0 }, planning)
        add([forEach?.key].compactMap { $0 }, perItem)
        add([self.condition].compactMap { $0 }, condition)
        add(with.flatMap(\.value.templates), body)
        switch kind {
        case .run(let script): add([script], body)
        case .command(let words): add(words, body)
        case .value(let members): add(members.flatMap(\.value.templates), perItem)
        case .call, .actor: break
        }
        add([stdin, workdir].compactMap { $0 }, body)
        add(env.filter { !workflowEnv.contains($0.position) }.map(\.value), environment)
        for output in outputs { add([output.source.template].compactMap { $0 } + (output.defaultValue?.templates ?? []), body) }
        add(resources.templates, body)
        add([timeout?.template, grace.template, continueOnError.template, retry.condition].compactMap { $0 }, body)
        return found
    }
}
