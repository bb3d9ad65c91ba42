import RayflowCore

/// Finished tasks that may have to run again: those whose results lie in shared memory, for as long as a result is known. The oldest go when
/// there are too many.
///
/// Small results are kept by value and cannot be lost, so most tasks never come here.
struct LineageTable: Sendable {
    struct Entry: Sendable {
        var spec: TaskSpec
        var retriesLeft: Int32
        var dependencies: [ObjectID]
        /// Refs inside its arguments.
        var carried: [ObjectID]
        /// See ``TaskEntry/parent``.
        var parent: UInt64
        /// Rows of the object table that count on it.
        var results: Int
        var bytes: Int

        /// What has to stay known for it.
        var needed: [ObjectID] { dependencies + carried }
    }

    private var entries: [TaskID: Entry] = [:]
    /// By age. Those that have gone meanwhile are skipped by the reader.
    private var order = TaskQueue()
    private(set) var bytes = 0

    var count: Int { entries.count }
    var all: some Collection<Entry> { entries.values }

    subscript(task: TaskID) -> Entry? { entries[task] }

    mutating func insert(_ entry: Entry) {
        entries[entry.spec.id] = entry
        bytes += entry.bytes
        order.append(entry.spec.id)
        guard order.count > 2 * entries.count + 64 else { return }
        var living = TaskQueue()
        while let id = order.popFirst() { if entries[id] != nil { living.append(id) } }
        order = living
    }

    /// It runs again, or has.
    mutating func update(_ spec: TaskSpec, retriesLeft: Int32) {
        entries[spec.id]?.spec = spec
        entries[spec.id]?.retriesLeft = retriesLeft
    }

    mutating func hold(_ task: TaskID) { entries[task]?.results += 1 }

    /// One result less. Gives the entry when it was the last.
    mutating func release(_ task: TaskID) -> Entry? {
        guard let left = entries[task]?.results else { return nil }
        entries[task]?.results = left - 1
        return left > 1 ? nil : remove(task)
    }

    mutating func removeOldest() -> Entry? {
        while let id = order.popFirst() { if let entry = remove(id) { return entry } }
        return nil
    }

    private mutating func remove(_ task: TaskID) -> Entry? {
        guard let entry = entries.removeValue(forKey: task) else { return nil }
        bytes -= entry.bytes
        return entry
    }
}

extension TaskSpec {
    /// What keeping it costs, in bytes, roughly.
    var keptBytes: Int { arguments.reduce(256) { $0 + $1.keptBytes } }
}

extension TaskArgument {
    fileprivate var keptBytes: Int {
        switch self {
        case .value(let enclosed): 64 + enclosed.payload.bytes.count + 64 * enclosed.payload.refs.count
        case .ref: 64
        case .gather(let parts): parts.reduce(32) { $0 + $1.keptBytes }
        }
    }
}
