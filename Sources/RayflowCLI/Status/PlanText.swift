import RayflowCore
import Workflow

/// A workflow's steps in waves: each waits only for steps of the waves before it.
struct PlanText {
    var workflow: WorkflowFile
    var inputs: JSONObject

    var text: String {
        var lines = ["\(workflow.name): \(workflow.steps.count) \(workflow.steps.count == 1 ? "step" : "steps")"]
        if !inputs.isEmpty {
            lines.append("inputs:")
            lines += inputs.map { "  \($0.key): \($0.value.stringValue ?? $0.value.compact)" }
        }
        for (number, wave) in waves.enumerated() {
            lines.append("wave \(number + 1):")
            lines += wave.map(line)
        }
        if !workflow.outputs.isEmpty { lines.append("outputs: \(workflow.outputs.map(\.name).joined(separator: ", "))") }
        return Terminal.visible(lines)
    }

    private func line(_ step: StepSpec) -> String {
        var text = "  \(step.id): \(Self.what(step.kind))"
        if step.isFanOut { text += ", for each item" }
        if step.condition != nil { text += ", on a condition" }
        if !step.dependencies.isEmpty { text += ", after \(step.dependencies.joined(separator: ", "))" }
        return text
    }

    private static func what(_ kind: StepKind) -> String {
        switch kind {
        case .call(let function): "call \(function)"
        case .actor(let id, let method): "\(id).\(method)"
        case .run, .command, .value: kind.name
        }
    }

    /// The graph has no cycle: the loader has seen to that.
    private var waves: [[StepSpec]] {
        var level: [String: Int] = [:]
        var rest = workflow.steps
        while !rest.isEmpty {
            let before = rest.count
            rest.removeAll { step in
                let levels = step.dependencies.map { level[$0] }
                guard levels.allSatisfy({ $0 != nil }) else { return false }
                level[step.id] = (levels.compactMap { $0 }.max() ?? -1) + 1
                return true
            }
            if rest.count == before { break }
        }
        let count = (level.values.max() ?? -1) + 1
        return (0..<count).map { number in workflow.steps.filter { level[$0.id] == number } }
    }
}
