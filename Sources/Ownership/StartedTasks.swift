package import RayflowCore

/// What an executor has started lately for actors: a push that comes twice makes no second attempt, also when the first has ended.
package struct StartedTasks: Sendable {
    private struct Key: Hashable {
        let task: TaskID
        let attempt: Attempt

        // Most tasks have one attempt.
        func _rawHashValue(seed: Int) -> Int { task._rawHashValue(seed: seed) }
    }
    private let limit: Int
    private var known: Set<Key> = []
    private var inOrder: [Key] = []
    private var oldest = 0

    package init(limit: Int = Limits.startedTasks) { self.limit = limit }

    package func contains(_ task: TaskID, _ attempt: Attempt) -> Bool { known.contains(Key(task: task, attempt: attempt)) }

    package mutating func insert(_ task: TaskID, _ attempt: Attempt) {
        let key = Key(task: task, attempt: attempt)
        guard known.insert(key).inserted else { return }
        if inOrder.count < limit { return inOrder.append(key) }
        known.remove(inOrder[oldest])
        inOrder[oldest] = key
        oldest = (oldest + 1) % limit
    }
}

/// The order in which functions come from each owner: one that comes twice starts nothing, also when it was given back meanwhile and runs
/// elsewhere.
package struct PushOrder: Sendable {
    private var last: [Address: UInt64] = [:]

    package init() {}

    package mutating func isNew(_ m: PushTask, from owner: Address) -> Bool {
        guard last[owner, default: 0] < m.spec.sequence else { return false }
        last[owner] = m.spec.sequence
        return true
    }

    /// Its connection is gone, and with it what was under way.
    package mutating func forget(_ owner: Address) { last[owner] = nil }
}
