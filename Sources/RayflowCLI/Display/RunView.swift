import Workflow

/// Shows a run while it goes on. Times are nanoseconds of a clock that never goes back.
protocol RunView: Sendable {
    mutating func begin(run: String, workflow: String, steps: Int, isResumed: Bool, now: UInt64)
    mutating func on(_ event: RunEvent, now: UInt64)
    /// Text of a step's own, already with its name.
    mutating func log(_ text: String, now: UInt64)
    /// Called a few times in a second.
    mutating func tick(now: UInt64)
    /// Leaves the terminal as it was found.
    mutating func end(now: UInt64)
}

/// For `quiet`.
struct SilentView: RunView {
    var outlet: Outlet

    mutating func begin(run: String, workflow: String, steps: Int, isResumed: Bool, now: UInt64) {}
    mutating func on(_ event: RunEvent, now: UInt64) {}
    mutating func log(_ text: String, now: UInt64) { outlet.write(text) }
    mutating func tick(now: UInt64) {}
    mutating func end(now: UInt64) {}
}
