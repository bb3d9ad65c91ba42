import Workflow

/// One line for what happened; nil for what is not worth a line of its own.
enum EventText {
    static func line(_ event: RunEvent) -> String? {
        switch event {
        case .expanded(let step, let items): "step \(step): \(items) \(items == 1 ? "item" : "items")"
        case .submitted(let position, let attempt, let rerun):
            rerun.map { "step \(position) runs again (attempt \(attempt)): \($0.text)" }
        case .started: nil
        case .finished(let position, let status, _, let nanoseconds, let isReused):
            finished(position, status, nanoseconds, isReused)
        case .failed(let position, let failure, let isTolerated, _):
            "\(short(position, failure))\(isTolerated ? ", which is tolerated" : ""): \(Self.text(failure))"
        case .retrying(let position, let next, let pause, let failure):
            "step \(position) failed: \(Self.text(failure)); attempt \(next) \(pause == 0 ? "at once" : "in \(TimeText.span(pause))")"
        case .inputChanged(let position, let call): "input changed: \(call) of step \(position) has another answer than before"
        case .note(let text): text
        }
    }

    /// That it failed, without why.
    static func short(_ position: String, _ failure: StepFailure) -> String {
        "step \(position) \(failure.kind == .timeout ? "timed out" : "failed")"
    }

    static func text(_ failure: StepFailure) -> String { Terminal.visible(failure.message) }

    private static func finished(_ position: String, _ status: StepStatus, _ nanoseconds: UInt64?, _ isReused: Bool) -> String? {
        switch status {
        case .succeeded:
            if isReused { return "step \(position) was finished before" }
            return "step \(position) finished" + (nanoseconds.map { " in \(TimeText.span($0))" } ?? "")
        case .skipped: return "step \(position) skipped"
        case .cancelled: return "step \(position) cancelled"
        case .upstreamFailed: return "step \(position) not run: a step that it needs has failed"
        // The failure itself comes next, with its reason.
        case .failed, .timedOut, .pending, .waiting, .running: return nil
        }
    }
}
