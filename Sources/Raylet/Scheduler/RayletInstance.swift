package import RayflowCore

/// The local scheduler of one node, without IO: lease requests, resources, dependencies and the worker pool.
///
/// Every event is a mutating method that appends directives; times are monotonic nanoseconds given by the shell. A request is answered
/// exactly once (granted, spilled back or rejected), a repeated one gets the same answer, and what a lease has booked comes back exactly
/// once. ``checkInvariants()`` says whether the books are right.
package struct RayletInstance: Sendable {
    package enum StepHost: Hashable, Sendable {
        /// This node runs no steps.
        case none
        /// Gone; the shell starts another.
        case lost
        case at(Address)
    }

    package let node: NodeID
    package let address: Address
    package let total: ResourceSet
    package let labels: [String: String]
    /// Idle workers up to this number are never ended.
    package let keptIdle: Int
    /// Without what bundles have set aside. May be negative for a while: a woken task is booked back at once.
    package internal(set) var available: ResourceSet
    package internal(set) var counters = RayletCounters()
    package internal(set) var stepHost: StepHost
    package internal(set) var isFenced = false

    var leases: [LeaseID: LeaseEntry] = [:]
    var answers: AnswerLog
    var queue = LeaseQueue()
    var workers: [UInt64: WorkerEntry] = [:]
    var pools: [WorkerPoolKey: WorkerPool] = [:]
    var paces: [WorkerPoolKey: WorkerPace] = [:]
    var startingProcesses = 0
    var needs: [ObjectID: DependencyNeed] = [:]
    var devices: DevicePool
    var bundles: [BundleID: Bundle] = [:]
    /// The bundles of each group here.
    var groups: [PlacementGroupID: [BundleID]] = [:]
    /// The last attempt of a group that is over here, so that its late messages reserve nothing.
    var settledGroups: [PlacementGroupID: UInt64] = [:]
    var settledInOrder: [PlacementGroupID] = []
    var settledHead = 0
    /// Where the last request to be spread went.
    var lastSpread = NodeID(0)
    /// The other nodes, without this one; nil until the first table has come.
    var others: [NodeID: NodeInfo]?
    /// Nodes whose connection broke and that were not heard of since. Nothing is sent there that can go elsewhere.
    package internal(set) var unreachable: Set<NodeID> = []
    var endedJobs: Set<JobID> = []
    var endedInOrder: [JobID] = []
    var nextProcess: UInt64
    var nextGeneration: UInt64 = 1
    var isIdleTimerArmed = false
    var reported: ResourceSet
    var membership = Membership()
    var memory = MemoryMonitor()

    /// - Parameters:
    ///   - total: what the node has; amounts are positive.
    ///   - stepHost: the process that runs shell steps, if this node has one.
    ///   - keptIdle: idle workers that are never ended; nil for one per CPU.
    package init(
        node: NodeID, total: ResourceSet, labels: [String: String] = [:], stepHost: Address? = nil, keptIdle: Int? = nil,
        rememberedAnswers: Int = SchedulerLimits.rememberedAnswers
    ) {
        self.node = node
        self.address = .raylet(of: node)
        self.total = total
        self.labels = labels
        self.devices = DevicePool(amount: total[ResourceSet.gpu])
        self.available = total
        self.reported = total
        self.stepHost = stepHost.map { .at($0) } ?? .none
        self.answers = AnswerLog(limit: max(1, rememberedAnswers))
        self.keptIdle = keptIdle ?? Self.cpuCount(total)
        // Process numbers are unique in the cluster: 40 bits of the node's mixed id, 24 bits of a counter.
        var mixed = node.value &* 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ (mixed >> 31)) &* 0xbf58_476d_1ce4_e5b9
        self.nextProcess = (mixed & ~0xff_ffff) | 1
    }

    private static func cpuCount(_ total: ResourceSet) -> Int {
        Int(clamping: max(1, (total[ResourceSet.cpu] + ResourceSet.unit - 1) / ResourceSet.unit))
    }
    var cpuCount: Int { Self.cpuCount(total) }

    package func workerAddress(_ process: UInt64) -> Address { .process(id: process, on: node) }

    // MARK: Events

    package mutating func receive(_ message: Message, from: Address, now: UInt64, into out: inout [RayletDirective]) {
        switch message {
        case .requestLease(let m): request(m, from: from, now: now, into: &out)
        case .cancelLease(let m): cancel(m, from: from, into: &out)
        case .returnLease(let m): giveBack(m, from: from, now: now, into: &out)
        case .registerWorker(let m): register(m, from: from, now: now, into: &out)
        case .blocked(let m): blocked(m, from: from)
        case .idleReply(let m): idleReplied(m, from: from, now: now, into: &out)
        case .nodeTable(let m):
            membership.tableCame(m, node: node)
            nodesChanged(m, into: &out)
        case .healthCheck(let m): out.append(.send(.healthReply(HealthReply(node: node, number: m.number)), to: from))
        case .jobEnded(let m): jobEnded(m.job, into: &out)
        case .reserveBundles(let m): reserve(m, from: from, into: &out)
        case .settleBundles(let m): settleBundles(m, from: from, into: &out)
        case .explainLease(let m):
            out.append(.send(.leaseExplained(LeaseExplained(request: m.request, reason: explain(m.lease))), to: from))
        default: counters.unexpected += 1
        }
        settle(now: now, into: &out)
    }

    /// The process exists; it registers when it is ready.
    package mutating func workerSpawned(process: UInt64, pid: UInt32) {
        guard workers[process] != nil else { return counters.unexpected += 1 }
        workers[process]?.pid = pid
    }

    package mutating func spawnFailed(process: UInt64, error: ErrorRecord, now: UInt64, into out: inout [RayletDirective]) {
        workerGone(process, now: now, into: &out) { _, _ in error }
        settle(now: now, into: &out)
    }

    /// The pidfd of a worker said that it is gone.
    /// - Parameter description: how it ended, for people: "exited with status 3", "was killed by SIGSEGV".
    package mutating func workerExited(
        process: UInt64, description: String, outOfMemory: Bool, now: UInt64, into out: inout [RayletDirective]
    ) {
        let node = "\(node)"
        let report = memory.workerGone(process, now: now)
        workerGone(process, now: now, into: &out) { pid, killed in
            if let report { return ErrorRecord(.outOfMemory, "worker process \(pid) was ended: \(report)", node: node) }
            let reason = killed.map { " (ended by its raylet: \($0))" } ?? ""
            return ErrorRecord(
                outOfMemory ? .outOfMemory : .workerCrashed, "worker process \(pid) \(description)\(reason)", node: node)
        }
        ownerGone(workerAddress(process), reason: .ownerDied, now: now, into: &out)
        settle(now: now, into: &out)
    }

    package mutating func stepHostLost(description: String, now: UInt64, into out: inout [RayletDirective]) {
        guard case .at(let host) = stepHost else { return counters.unexpected += 1 }
        stepHost = .lost
        let error = ErrorRecord(.workerCrashed, "the step runner \(description)", node: "\(node)")
        for (id, entry) in sortedLeases where entry.state == .granted(process: nil, worker: host) {
            lose(id, worker: host, error, into: &out)
            unbook(entry.booking)
        }
        settle(now: now, into: &out)
    }

    package mutating func stepHostStarted(_ host: Address, now: UInt64, into out: inout [RayletDirective]) {
        stepHost = .at(host)
        settle(now: now, into: &out)
    }

    /// The process at the other end (an owner of leases) is gone, or the connection to it: what it asked for and what it holds goes, its workers
    /// are ended.
    package mutating func connectionLost(_ peer: Address, now: UInt64, into out: inout [RayletDirective]) {
        if peer.isGCS { return gcsLost(into: &out) }
        guard peer.isProcess else { return }
        ownerLost(peer, into: &out)
        settle(now: now, into: &out)
    }

    package mutating func timerFired(_ timer: RayletTimer, now: UInt64, into out: inout [RayletDirective]) {
        switch timer {
        case .workerStart(let process):
            if let worker = workers[process], worker.state == .starting, worker.killed == nil {
                workers[process]?.killed = .startTimeout
                out.append(.killWorker(process: process, .startTimeout))
            }
        case .idleWorkers:
            isIdleTimerArmed = false
            endIdleWorkers(now: now, into: &out)
        case .furtherWorker(let pool, let generation):
            guard paces[pool]?.generation == generation else { break }
            paces[pool]?.isDue = true
            paces[pool]?.isArmed = false
        case .registration: registrationDue(into: &out)
        }
        settle(now: now, into: &out)
    }

    package mutating func dependencyLocal(_ object: ObjectID, now: UInt64, into out: inout [RayletDirective]) {
        arrived(object)
        settle(now: now, into: &out)
    }

    /// The GCS has declared the node dead, or forgotten it.
    package func isGone(_ node: NodeID) -> Bool { others.map { $0[node]?.isAlive != true } ?? false }

    /// Where there is no room, a request goes to another node, or waits for the tasks that run here to let go of something; when none runs,
    /// those that wait hold up each other, and this one is refused.
    ///
    /// - Parameter lost: the nodes that were named as having the object and have it not, or are gone; none when it may still be somewhere.
    package mutating func dependencyFailed(
        _ object: ObjectID, _ error: ErrorRecord, lost: [NodeID] = [], now: UInt64, into out: inout [RayletDirective]
    ) {
        let copies = lost.isEmpty ? [] : [LostCopies(object: object, nodes: lost)]
        let mayWait = error.code.isLackOfRoom && leases.values.contains { $0.request.kind == .task && $0.isBooked }
        for lease in needs[object]?.leases ?? [] where !error.code.isLackOfRoom || !moveForRoom(lease, into: &out) {
            if !mayWait { reject(lease, error, lost: copies, into: &out) }
        }
        if mayWait { fetchAgain(object, into: &out) }
        settle(now: now, into: &out)
    }

    /// Starts workers for a job before it asks for any, as far as one per CPU.
    package mutating func prestart(job: JobID, count: Int, now: UInt64, into out: inout [RayletDirective]) {
        let pool = WorkerPoolKey(job: job)
        while (pools[pool]?.members ?? 0) < min(count, cpuCount), canStart, !endedJobs.contains(job) { spawn(pool, into: &out) }
        settle(now: now, into: &out)
    }

    /// What follows from any event: grants, spawns, timers, the report of what is free.
    mutating func settle(now: UInt64, into out: inout [RayletDirective]) {
        dispatch(now: now, into: &out)
        armIdleTimer(now: now, into: &out)
        if available != reported {
            reported = available
            out.append(.reportResources(available))
        }
    }

    /// In the order of arrival, so that the same events give the same directives.
    var sortedLeases: [(key: LeaseID, value: LeaseEntry)] {
        leases.sorted { a, b in
            (a.value.arrived, a.key.owner, a.key.number) < (b.value.arrived, b.key.owner, b.key.number)
        }
    }
}
