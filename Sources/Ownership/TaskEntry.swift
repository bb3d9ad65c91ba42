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
    /// How often its worker was ended because the node was short of memory: a count of its own, so that a crowded node uses up no retries.
    var outOfMemoryFailures: UInt32 = 0
    var fingerprint: [UInt8]
    /// Distinct refs among the arguments.
    var dependencies: [ObjectID]
    /// The task that submitted it, by its unique number; 0 when that is not said.
    var parent: UInt64 = 0
    var isCancelled = false
    /// Was on a worker that died, and nobody knows which of the tasks there it was that killed it: it is pushed alone from now on.
    var isSuspect = false
    /// What was added to its lease's expected time for it, in nanoseconds.
    var expectedNS: UInt64 = 0
    /// The reply, while its results are being persisted.
    var reply: TaskReply?

    var key: SchedulingKey { SchedulingKey(spec) }

    /// How long it will take, for a task that may stand in a line on one worker; nil for a function never measured, and for tasks whose
    /// attempts are counted or timed one by one.
    func expectedDuration(by durations: [UInt32: UInt64]) -> UInt64? {
        guard spec.kind == .function, !isSuspect, spec.options.timeoutMS == 0, !spec.options.hasSideEffects else { return nil }
        return durations[spec.function.index]
    }
}

/// Tasks that one lease can serve, whatever their function.
struct SchedulingKey: Hashable, Sendable {
    let kind: TaskKind
    let options: SharedOptions

    init(_ spec: TaskSpec) {
        kind = spec.kind
        options = spec.sharedOptions
    }

    var resources: ResourceSet { options.value.resources }
    var strategy: SchedulingStrategy { options.value.strategy }

    static func == (a: Self, b: Self) -> Bool { a.kind == b.kind && a.options.hasShape(of: b.options) }
    func hash(into hasher: inout Hasher) { hasher.combine(options.shapeHash &+ Int(kind.rawValue)) }
    func _rawHashValue(seed: Int) -> Int { options.shapeHash &+ Int(kind.rawValue) ^ seed }
}

struct KeyQueue: Sendable {
    var ready = TaskQueue()
    /// Requests at a raylet that are not answered yet.
    var requested: [LeaseID] = []
    var idle: [LeaseID] = []
    /// Granted leases that have tasks.
    var busy: [LeaseID] = []

    var isUnused: Bool { ready.isEmpty && requested.isEmpty && idle.isEmpty && busy.isEmpty }
}

struct LeaseEntry: Sendable {
    var key: SchedulingKey
    var raylet: Address
    /// As that raylet is to know it: a bundle is chosen by the owner.
    var strategy = SchedulingStrategy.hybrid
    var worker: Address?
    /// Pushed and not ended, in the order in which they were pushed: the worker runs one at a time, and the first is the one that runs.
    var tasks: [TaskID] = []
    /// How long they will take by what is known of their functions, in nanoseconds.
    var expectedNS: UInt64 = 0
    /// Its worker gave tasks back: none is pushed behind another until the one that runs has ended.
    var isSlow = false
    /// The raylet was told to end the worker, whose task ran out of time or cannot be reached. Nothing is pushed there any more.
    var whyGivenUp: ErrorRecord?
    /// Tasks that it had when the connection to its worker broke: they, or their replies, may be lost.
    var doubtful: [TaskID] = []
    var uses: UInt64 = 0
    /// The clock of its idle time runs: it is not wound up again for each task.
    var isTimed = false
    var hops: UInt8 = 0
}

/// First in, first out, with cancelled tasks skipped by their reader: removal never searches.
struct TaskQueue: Sendable {
    private var items: [TaskID] = []
    private var head = 0
    /// Given back: they come before all others, the last of the array first.
    private var returned: [TaskID] = []

    var isEmpty: Bool { head == items.count && returned.isEmpty }
    var count: Int { items.count - head + returned.count }
    var first: TaskID? { returned.last ?? (head == items.count ? nil : items[head]) }

    mutating func append(_ id: TaskID) { items.append(id) }

    /// Ahead of all that waits, in the order given.
    mutating func giveBack(_ ids: some BidirectionalCollection<TaskID>) { returned.append(contentsOf: ids.reversed()) }

    /// How many come before it.
    func position(of id: TaskID) -> Int? {
        if let at = returned.lastIndex(of: id) { return returned.count - 1 - at }
        return items[head...].firstIndex(of: id).map { $0 - head + returned.count }
    }

    mutating func popFirst() -> TaskID? {
        if let id = returned.popLast() { return id }
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
