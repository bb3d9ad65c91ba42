import RayflowCore

/// What becomes of tasks, on its way to the GCS: collected and sent together. Of a task that is told of once, all is told to its end; others are
/// left out where there are too many at a time, and counted, so that telling costs the same however fast tasks come and go.
struct TaskEventBuffer: Sendable {
    private var events: [TaskEvent] = []
    /// Tasks that were told of for the first time since the last report.
    private var admitted = 0
    private var dropped: UInt64 = 0
    /// Those before it have their time.
    private var stamped = 0
    private var isArmed = false

    var hasUnstamped: Bool { stamped < events.count }

    /// Whether the next event of a task is to be collected.
    ///
    /// - Parameters:
    ///   - isKnown: it was told of before.
    ///   - isGoodEnd: it has ended well: of a task that nobody has heard of that is no news.
    mutating func admits(isKnown: Bool, isGoodEnd: Bool) -> Bool {
        guard events.count < Limits.heldTaskEvents, isKnown || !isGoodEnd && admitted < Limits.newlyReportedTasks else {
            dropped &+= 1
            return false
        }
        if !isKnown { admitted += 1 }
        return true
    }

    /// Whether a task of which nothing was told may be told of.
    var takesNew: Bool { events.count < Limits.heldTaskEvents && admitted < Limits.newlyReportedTasks }
    mutating func drop() { dropped &+= 1 }

    /// - Returns: whether a time for the report is to be set.
    mutating func append(_ event: TaskEvent) -> Bool {
        events.append(event)
        defer { isArmed = true }
        return !isArmed
    }

    mutating func stamp(wallNS: UInt64) {
        while stamped < events.count {
            events[stamped].wallNS = wallNS
            stamped += 1
        }
    }

    /// What is to be reported; the next time begins.
    mutating func take() -> TaskEvents {
        defer { self = TaskEventBuffer() }
        return TaskEvents(events: events, dropped: dropped)
    }
}
