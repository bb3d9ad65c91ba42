/// Finds calls that the program cannot answer, before anything runs.
package enum CallCheck {
    package static func faults(of workflow: WorkflowFile, against offered: PortSignatures) -> [Diagnostic] {
        var faults: [Diagnostic] = []
        func add(_ message: String, _ hint: String?, _ position: SourcePosition) {
            faults.append(workflow.source.diagnostic(.badValue, message, hint: hint, at: position))
        }
        func check(_ function: PortSignatures.Function, _ with: [TemplateMember], _ position: SourcePosition) {
            guard let labels = function.labels else {
                return add(
                    "\(function.name) has no labels, so it cannot be called from here", "declare it as \"\(function.name)(x:y:)\"", position
                )
            }
            for member in with where !labels.contains(member.name) {
                let hint = Nearest.name(to: member.name, among: labels).map { "did you mean '\($0)'?" }
                let known = labels.isEmpty ? "it takes nothing" : "it takes \(labels.joined(separator: ", "))"
                add("\(function.name) takes no '\(member.name)'", hint ?? known, member.position)
            }
            let given = Set(with.map(\.name))
            for label in labels where !given.contains(label) && !function.optional.contains(label) {
                add("\(function.name) needs '\(label)'", "give it under 'with'", position)
            }
        }
        for step in workflow.steps {
            switch step.kind {
            case .call(let name):
                if let function = offered.functions.first(where: { $0.name == name }) {
                    check(function, step.with, step.position)
                } else {
                    add(
                        "there is no function '\(name)' in this program", hint(name, offered.functions.map(\.name), "functions"),
                        step.position)
                }
            case .actor(let id, let method):
                guard let type = workflow.actor(id)?.type, let methods = offered.actors?[type] else { continue }
                if let function = methods.first(where: { $0.name == method }) {
                    check(function, step.with, step.position)
                } else {
                    add("\(type) has no method '\(method)'", hint(method, methods.map(\.name), "methods"), step.position)
                }
            case .run, .command, .value: break
            }
        }
        if let known = offered.actors {
            for actor in workflow.actors where known[actor.type] == nil {
                add("there is no actor type '\(actor.type)' in this program", hint(actor.type, Array(known.keys), "actors"), actor.position)
            }
        }
        return faults
    }

    private static func hint(_ name: String, _ known: [String], _ what: String) -> String {
        if let nearest = Nearest.name(to: name, among: known) { return "did you mean '\(nearest)'?" }
        guard !known.isEmpty else { return "it offers no \(what): name the program that does under 'app:'" }
        return "\(what): \(known.sorted().joined(separator: ", "))"
    }
}
