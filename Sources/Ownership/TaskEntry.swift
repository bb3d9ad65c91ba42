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
    /// Refs inside its arguments, and inside results that are being persisted: held until it ends, each as often as it stands here.
    var carried: [ObjectID] = []
    /// The task that submitted it, by its unique number; 0 when that is not said.
    var parent: UInt64 = 0
    /// See ``OwnerInstance/submit(_:fingerprint:parent:parentTask:pathLength:caller:now:into:)``.
    var pathLength: UInt32 = 0
    /// Calls of one caller to an actor keep their order; see ``CallOrder``.
    var caller: UInt64 = 0
    var isCancelled = false
    /// The GCS has heard of it, so it hears the rest, too.
    var isReported = false
    /// It has ended well before, and runs because a result was lost.
    var isAgain = false
    /// Was on a worker that died, and nobody knows which of the tasks there it was that killed it: it is pushed alone from now on.
    var isSuspect = false
    /// What was added to its lease's expected time for it, in nanoseconds.
    var expectedNS: UInt64 = 0
    private var heldReply: Boxed<TaskReply>?
    /// The reply, while its results are being persisted.
    var reply: TaskReply? {
        get { heldReply?.value }
        set { heldReply = Boxed(newValue) }
    }

    init(spec: TaskSpec, state: State, retriesLeft: Int32, fingerprint: [UInt8], dependencies: [ObjectID]) {
        self.spec = spec
        self.state = state
        self.retriesLeft = retriesLeft
        self.fingerprint = fingerprint
        self.dependencies = dependencies
    }

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
    /// ``OwnerInstance/recoveries`` when it was asked for: what was made again since is not lost with what was asked for.
    var recoveries: UInt32 = 0
    /// The clock of its idle time runs: it is not wound up again for each task.
    var isTimed = false
    var hops: UInt8 = 0
}

/// Those with the longest path to the exit first, where it is known, then first in, first out. Cancelled tasks are skipped by the reader:
/// removal never searches.
struct TaskQueue: Sendable {
    private struct Line: Sendable {
        var pathLength: UInt32 = 0
        var items: [TaskID] = []
        var head = 0

        var count: Int { items.count - head }
        var first: TaskID? { head == items.count ? nil : items[head] }

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

    /// Given back: they come before all others, the last of the array first.
    private var returned: [TaskID] = []
    /// The longest path first; none is empty.
    private var known: [Line] = []
    /// Of those with an unknown path.
    private var line = Line()

    var isEmpty: Bool { line.count == 0 && known.isEmpty && returned.isEmpty }
    var count: Int { known.reduce(line.count + returned.count) { $0 + $1.count } }
    var first: TaskID? { returned.last ?? known.first?.first ?? line.first }

    mutating func append(_ id: TaskID, pathLength: UInt32 = 0) {
        if pathLength == 0 { return line.items.append(id) }
        let at = known.firstIndex { $0.pathLength <= pathLength } ?? known.count
        if at == known.count || known[at].pathLength != pathLength { known.insert(Line(pathLength: pathLength), at: at) }
        known[at].items.append(id)
    }

    /// Ahead of all that waits, in the order given.
    mutating func giveBack(_ ids: some BidirectionalCollection<TaskID>) { returned.append(contentsOf: ids.reversed()) }

    /// How many come before it.
    func position(of id: TaskID) -> Int? {
        if let at = returned.lastIndex(of: id) { return returned.count - 1 - at }
        var before = returned.count
        for line in known + [line] {
            if let at = line.items[line.head...].firstIndex(of: id) { return at - line.head + before }
            before += line.count
        }
        return nil
    }

    mutating func popFirst() -> TaskID? {
        if let id = returned.popLast() { return id }
        if known.isEmpty { return line.popFirst() }
        let id = known[0].popFirst()
        if known[0].count == 0 { known.removeFirst() }
        return id
    }
}
