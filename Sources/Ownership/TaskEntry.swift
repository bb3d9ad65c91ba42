import RayflowCore

/// A task of this owner that has not ended.
struct TaskEntry: Sendable {
    enum State: Hashable, Sendable {
        case waiting(Int), queued, committing(LeaseID), pushed(LeaseID), pausing, persisting, loading, inActorLine
    }
    var spec: TaskSpec
    var state: State
    var retriesLeft: Int32
    var systemFailures: UInt32 = 0
    var fingerprint: [UInt8]
    /// Distinct refs among the arguments.
    var dependencies: [ObjectID]
    var isCancelled = false
    /// The reply, while its results are being persisted.
    var reply: TaskReply?

    var key: SchedulingKey { SchedulingKey(spec) }
}

/// Tasks that one lease can serve, whatever their function.
struct SchedulingKey: Hashable, Sendable {
    var kind: TaskKind
    var resources: ResourceSet
    var priority: Int32
    var environment: [String: String]

    init(_ spec: TaskSpec) {
        kind = spec.kind
        resources = spec.options.resources
        priority = spec.options.priority
        environment = spec.options.environment
    }
}

struct KeyQueue: Sendable {
    var ready = TaskQueue()
    /// Requests at a raylet that are not answered yet.
    var requested: [LeaseID] = []
    var idle: [LeaseID] = []
}

struct LeaseEntry: Sendable {
    var key: SchedulingKey
    var raylet: Address
    var worker: Address?
    var task: TaskID?
    var uses: UInt64 = 0
    var hops: UInt8 = 0
}

/// First in, first out, with cancelled tasks skipped by their reader: removal never searches.
struct TaskQueue: Sendable {
    private var items: [TaskID] = []
    private var head = 0

    var isEmpty: Bool { head == items.count }
    var count: Int { items.count - head }
    var first: TaskID? { isEmpty ? nil : items[head] }

    mutating func append(_ id: TaskID) { items.append(id) }

    mutating func popFirst() -> TaskID? {
        guard head < items.count else { return nil }
        defer {
            head += 1
            if head > 1024, head * 2 > items.count {
                items.removeFirst(head)
                head = 0
            }
        }
        return items[head]
    }
}
