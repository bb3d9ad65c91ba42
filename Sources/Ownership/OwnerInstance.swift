package import RayflowCore

/// The owner side of one process, without IO: which objects it owns or borrows, which of its tasks run where, which leases it holds.
///
/// Every event method is called on the shell's event loop and appends directives. Tasks wait by counters and move by events; nothing
/// is polled and no list of blocked tasks is ever scanned (Ray's ownership design; the traps it met are in the tests).
package struct OwnerInstance: Sendable {
    package let address: Address
    package let raylet: Address
    /// Run epoch: a part of every attempt that this owner makes.
    package let epoch: UInt32
    /// Durable owners speak to the journal.
    package let isDurable: Bool
    package var pendingTaskLimit = Limits.pendingTasks
    package var pendingCallLimit = Limits.pendingActorCalls
    /// Retries of a task whose worker was ended for its memory, whatever its `maxRetries`, unless that is 0. -1: without limit.
    package var outOfMemoryRetries = Limits.outOfMemoryRetries
    /// Whether somebody wants to hear what becomes of tasks.
    package var tellsChanges = true
    /// Whether the GCS is told what becomes of tasks.
    package var reportsTasks = false

    var objects = SlotMap<ObjectID, ObjectEntry>()
    var tasks = SlotMap<TaskID, TaskEntry>()
    var queues = SlotMap<SchedulingKey, KeyQueue>()
    var leases = SlotMap<LeaseID, LeaseEntry>()
    /// Mean duration of each function that has run, in nanoseconds, by its index in the function table.
    var durations: [UInt32: UInt64] = [:]
    var actors = SlotMap<ActorID, ActorLine>()
    var streams: [TaskID: StreamState] = [:]
    /// Finished when half of the pending tasks that are allowed have ended.
    var gates: [ObjectID] = []
    /// Finished submissions of earlier epochs by lineage. Each is used as often as it is asked for.
    var history: [LineageID: Recorded] = [:]
    var groups: [PlacementGroupID: GroupView] = [:]
    /// The oldest first.
    var removedGroups: [PlacementGroupID] = []
    /// What an object that waits for a placement group becomes.
    var readyValue = Payload(type: "", bytes: [])
    var nextLease: UInt64 = 1
    var nextRequest: UInt64 = 1
    var gcs = GCSDebts()
    var openRequests: [UInt64: ObjectID] = [:]
    /// Peers whose connection broke while something was owed by them, until they are heard of.
    var doubts: [Address: Doubt] = [:]
    var taskEvents = TaskEventBuffer()
    var lineage = LineageTable()
    /// Bytes of finished tasks that are kept to be run again.
    package var lineageLimit = Limits.lineageBytes
    /// Functions that were pushed: the place of each in their order.
    var pushes: UInt64 = 0
    /// How many tasks have made lost objects again.
    package internal(set) var recoveries: UInt32 = 0
    /// Objects have been without a copy: tasks look at their arguments again before they are pushed.
    var hasLosses = false
    /// Objects to be made again, the last first.
    var recovering: [(object: ObjectID, why: String)] = []
    var isRecovering = false
    var borrowers = BorrowerTable()
    var claims = ClaimTable()
    var deliveries: [UInt64: Delivery] = [:]
    var nextDelivery: UInt64 = 1
    /// What has arrived and is held while it is being secured.
    var arrivals: [ClaimTable.Delivery: [ObjectID]] = [:]
    /// Borrowers whose connection broke.
    var brokenBorrowers: [Address: BrokenBorrower] = [:]
    var nextBroken: UInt64 = 1
    /// The actor that lives in this process.
    var hostedActor: ActorID?

    /// A finished submission of an earlier epoch.
    package struct Recorded: Sendable {
        package var fingerprint: [UInt8]
        package var states: [ObjectState]
        package var moved: [MovedObject]
        /// Results lie in files of the run folder: the shell brings them back when they are asked for.
        package var isInFiles: Bool
        /// Of the function that made it; another version's results are not used. nil: not compared.
        package var version: UInt32?
        package init(
            fingerprint: [UInt8], states: [ObjectState], moved: [MovedObject] = [], isInFiles: Bool = false, version: UInt32? = nil
        ) {
            self.fingerprint = fingerprint
            self.states = states
            self.moved = moved
            self.isInFiles = isInFiles
            self.version = version
        }
    }

    package init(address: Address, raylet: Address, epoch: UInt32, isDurable: Bool, history: [LineageID: Recorded] = [:]) {
        self.address = address
        self.raylet = raylet
        self.epoch = epoch
        self.isDurable = isDurable
        self.history = history
    }

    /// Finished children of a task that runs again here.
    package mutating func remember(_ entries: [HistoryEntry]) {
        for entry in entries { history[entry.lineage] = Recorded(fingerprint: [], states: entry.states) }
    }

    // MARK: Reading

    /// The finished state of an object; nil while it is pending or unknown.
    package func state(of id: ObjectID) -> ObjectState? { objects[id]?.state }
    package func isFinished(_ id: ObjectID) -> Bool { objects.with(id) { $0.state != nil } ?? false }
    package func hasFailed(_ id: ObjectID) -> Bool { objects.with(id) { if case .failed? = $0.state { true } else { false } } ?? false }
    package func knows(_ id: ObjectID) -> Bool { objects[id] != nil }
    package func owner(of id: ObjectID) -> Address { objects[id]?.owner ?? address }
    package func lineage(of id: ObjectID) -> LineageID { objects[id]?.lineage ?? .none }
    package var pendingTasks: Int { tasks.count }
    package var objectCount: Int { objects.count }
    /// Tasks that are kept because their results may be lost, and what they take.
    package var keptTasks: (count: Int, bytes: Int) { (lineage.count, lineage.bytes) }
    package var heldLeases: Int { leases.values.count { $0.worker != nil } }
    package func counts(of id: ObjectID) -> (local: Int, submitted: Int)? { objects[id].map { (Int($0.localRefs), Int($0.taskRefs)) } }

    // MARK: Messages

    package mutating func receive(_ message: Message, from: Address, now: UInt64, into out: inout [OwnerDirective]) {
        if !doubts.isEmpty { heard(from) }
        switch message {
        case .leaseGranted(let m): leaseGranted(m, into: &out)
        case .leaseSpillback(let m): leaseSpillback(m, into: &out)
        case .leaseRejected(let m): leaseRejected(m, into: &out)
        case .leaseLost(let m): leaseLost(m, now: now, into: &out)
        case .tasksReturned(let m): tasksReturned(m, into: &out)
        case .taskReply(let m): arrived(m, from: from, now: now, into: &out)
        case .objectReply(let m): arrived(m, from: from, into: &out)
        case .getObject(let m): getObject(m, from: from, into: &out)
        case .objectLost(let m): objectLost(m, from: from, into: &out)
        case .objectCopied(let m): objectCopied(m, from: from, into: &out)
        case .copyDropped(let m): copyDropped(m, from: from)
        case .cancelObject(let m): cancel(m.object, force: m.force, recursive: m.recursive, into: &out)
        case .streamItem(let m): arrived(m, from: from, into: &out)
        case .addBorrower(let m): addBorrower(m, from: from, into: &out)
        case .borrowersAdded(let m): borrowersAdded(m, into: &out)
        case .releaseBorrower(let m): releaseBorrower(m, from: from, into: &out)
        case .refsSecured(let m): refsSecured(m, from: from, into: &out)
        case .actorOutOfScope(let m): outOfScopeHeard(m, into: &out)
        case .actorUpdate(let m): actorUpdate(m, now: now, into: &out)
        case .actorReply(let m): actorReply(m, now: now, into: &out)
        case .placementGroupUpdate(let m): groupChanged(m, into: &out)
        case .actorExiting(let m): actorExiting(m, from: from, into: &out)
        case .idleCheck: idleChecked(by: from, into: &out)
        default: break  // not for owners; the shell counts what nobody takes
        }
    }

    /// A process is gone. What was borrowed from it is lost; leases on it are reported by its raylet.
    package mutating func connectionLost(_ peer: Address, now: UInt64, into out: inout [OwnerDirective]) {
        if peer.isGCS { return gcsLost(into: &out) }
        if peer.isRaylet { return rayletLost(peer, now: now, into: &out) }
        guard peer.isProcess else { return }
        workerUnreachable(peer, into: &out)
        borrowerLost(peer, into: &out)
        questionsLost(peer, into: &out)
        for id in actors.keys.sorted() {
            awaitNews(of: id, at: peer, into: &out)
        }
    }

    package mutating func timerFired(_ timer: OwnerTimer, now: UInt64, into out: inout [OwnerDirective]) {
        switch timer {
        case .retry(let id, let attempt):
            guard let entry = tasks[id], entry.spec.attempt == attempt, entry.state == .pausing else { return }
            if entry.spec.kind == .actorCall { callAgain(id, into: &out) } else { enqueue(id, into: &out) }
        case .idleLease(let id, let use): idleTimeOver(id, use: use, into: &out)
        case .attemptTimeout(let id, let attempt):
            timedOut(id, attempt, into: &out)
        case .doubtedGroup(let group): askAgain(group, into: &out)
        case .brokenActor(let actor, let connection): brokenActor(actor, connection: connection, into: &out)
        case .brokenLease(let id): brokenLease(id, into: &out)
        case .askAgain(let id): askAgain(id, into: &out)
        case .askPeerAgain(let peer): askPeerAgain(peer, into: &out)
        case .doubtedBorrower(let peer, let number): borrowerGone(peer, number, into: &out)
        case .gcs: gcsDue(into: &out)
        case .taskEvents: reportTasks(into: &out)
        }
    }
}
