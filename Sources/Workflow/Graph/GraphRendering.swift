/// A workflow's graph as text for other programs to draw.
package enum GraphRendering {
    /// A node of the graph as both forms draw it.
    struct Node {
        var step: StepSpec
        var state: String?

        /// The id, what kind of step it is, and whether it fans out.
        var labelLines: [String] {
            let what: String =
                switch step.kind {
                case .call(let function): "call \(function)"
                case .actor(let id, let method): "\(id).\(method)"
                default: step.kind.name
                }
            return [step.id + (step.isFanOut ? " ×" : ""), what] + (state.map { [$0] } ?? [])
        }
    }

    struct Arrow {
        var from: Int
        var to: Int
        var isOrderOnly: Bool
    }

    static func nodes(of file: WorkflowFile, _ states: [String: String]?) -> [Node] {
        file.steps.map { Node(step: $0, state: states?[$0.id]) }
    }

    static func arrows(of file: WorkflowFile) -> [Arrow] {
        file.steps.enumerated().flatMap { index, step in
            step.dependencies.compactMap { id in
                let isOrderOnly = step.needs.contains { $0.step == id && $0.isOrderOnly }
                return file.stepNumber(exactly: id).map { Arrow(from: $0, to: index, isOrderOnly: isOrderOnly) }
            }
        }
    }

    /// The colours (fill, border) of a state; what is not known is grey.
    static func colours(of state: String) -> (fill: String, border: String) {
        switch state {
        case "success", "succeeded", "finished", "done", "reused": ("#d3f9d8", "#2b8a3e")
        case "failure", "failed", "timed-out", "upstream-failed": ("#ffe3e3", "#c92a2a")
        case "running": ("#d0ebff", "#1864ab")
        case "ready", "waiting", "queued", "pending": ("#fff9db", "#e67700")
        case "skipped": ("#f8f9fa", "#adb5bd")
        case "cancelled": ("#f3d9fa", "#862e9c")
        default: ("#f1f3f5", "#495057")
        }
    }
}
