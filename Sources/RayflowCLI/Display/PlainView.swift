import Workflow

/// A line for each thing that happens: for files, pipes and terminals that want no colours.
struct PlainView: RunView {
    var outlet: Outlet
    /// Failures that the summary at the end tells in full.
    var summarised = 0

    mutating func begin(run: String, workflow: String, steps: Int, isResumed: Bool, now: UInt64) {
        let count = "\(steps) \(steps == 1 ? "step" : "steps")"
        outlet.line("\(workflow): run \(run)\(isResumed ? " goes on" : ""), \(count)")
    }

    mutating func on(_ event: RunEvent, now: UInt64) {
        if case .failed(let position, let failure, false, _) = event, summarised < CommandLimits.shownFailures {
            summarised += 1
            return outlet.line(EventText.short(position, failure))
        }
        if let line = EventText.line(event) { outlet.line(line) }
    }

    mutating func log(_ text: String, now: UInt64) { outlet.write(text) }
    mutating func tick(now: UInt64) {}
    mutating func end(now: UInt64) {}
}
