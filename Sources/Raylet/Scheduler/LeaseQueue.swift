import RayflowCore

/// Requests that wait for resources or a worker: by priority, then round-robin over (job, kind, shape, bundle, environment), then first come, first served.
struct LeaseQueue: Sendable {
    struct Key: Hashable, Sendable {
        var job: JobID
        var kind: LeaseKind
        var resources: ResourceSet
        var bundle: BundleID?
        var environment = RuntimeEnvironment.none

        var pool: WorkerPoolKey { WorkerPoolKey(job: job, environment: environment) }
    }

    struct Level: Sendable {
        var priority: Int32
        /// Whose turn it is next comes first.
        var turns: [Key] = []
        var lines: [Key: [LeaseID]] = [:]
    }

    /// Highest priority first; no level and no line is empty.
    private(set) var levels: [Level] = []
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }
    var leases: [LeaseID] { levels.flatMap { level in level.turns.flatMap { level.lines[$0] ?? [] } } }

    func line(_ key: Key, priority: Int32) -> [LeaseID] {
        levels.first { $0.priority == priority }?.lines[key] ?? []
    }

    mutating func append(_ lease: LeaseID, _ key: Key, priority: Int32) {
        let at = levels.firstIndex { $0.priority <= priority } ?? levels.count
        if at == levels.count || levels[at].priority != priority {
            levels.insert(Level(priority: priority), at: at)
        }
        if levels[at].lines[key] == nil { levels[at].turns.append(key) }
        levels[at].lines[key, default: []].append(lease)
        count += 1
    }

    /// - Parameter servedTurn: the key goes to the end of the round.
    mutating func remove(_ lease: LeaseID, _ key: Key, priority: Int32, servedTurn: Bool = false) {
        guard let at = levels.firstIndex(where: { $0.priority == priority }), var line = levels[at].lines[key],
            let index = line.firstIndex(of: lease)
        else { return }
        line.remove(at: index)
        count -= 1
        if line.isEmpty || servedTurn { levels[at].turns.removeAll { $0 == key } }
        levels[at].lines[key] = line.isEmpty ? nil : line
        if servedTurn, !line.isEmpty { levels[at].turns.append(key) }
        if levels[at].turns.isEmpty { levels.remove(at: at) }
    }
}
