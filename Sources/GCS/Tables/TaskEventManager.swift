package import RayflowCore

/// What has become of tasks, by attempt: bounded, and lossy by design. What was lost is counted.
package struct TaskEventManager: Sendable {
    private struct ID: Hashable, Sendable {
        var task: TaskID
        var attempt: Attempt
    }
    private var rows: [ID: TaskRow] = [:]
    private var history: BoundedHistory<ID>
    /// Events that owners left out, and attempts that were forgotten here.
    package private(set) var dropped: UInt64 = 0

    init(remembered: Int) { history = BoundedHistory(limit: remembered) }

    package var count: Int { rows.count }
    package var all: some Sequence<TaskRow> { rows.values }

    mutating func receive(_ m: TaskEvents) {
        dropped += m.dropped
        for event in m.events {
            let id = ID(task: event.task, attempt: event.attempt)
            guard rows[id] == nil else {
                // Repeated, or more states than an attempt can have.
                if rows[id]?.states.contains(where: { $0.state == event.state }) == true { continue }
                rows[id]?.states.append(TaskRow.State(state: event.state, wallNS: event.wallNS))
                if !event.message.isEmpty { rows[id]?.message = event.message }
                continue
            }
            rows[id] = TaskRow(event)
            if let forgotten = history.append(id) {
                rows[forgotten] = nil
                dropped += 1
            }
        }
    }

    package subscript(task: TaskID, attempt: Attempt) -> TaskRow? { rows[ID(task: task, attempt: attempt)] }
}
