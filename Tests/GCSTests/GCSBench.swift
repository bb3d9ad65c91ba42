import RayflowCore
import Testing

@testable import GCS

/// A GCS under test with what it has sent and asked for.
struct GCSBench {
    static let job = JobID(1)
    static let driver = Address(node: 1, entity: 1000)
    static let other = Address(node: 1, entity: 2000)

    var gcs: GCSInstance
    var now: UInt64 = 1_000
    var sent: [(message: Message, to: Address)] = []
    var timers: [(timer: GCSTimer, after: UInt64)] = []
    var loads: [ActorID] = []

    /// What the GCS has had written.
    var stored = StoreContents()
    private var isStored: Bool

    init(
        nodes: [UInt64] = [1], cpus: Int = 4, remembered: Int = 100, isStored: Bool = false, retained: Int = Limits.retainedMessages
    ) {
        self.isStored = isStored
        gcs = GCSInstance(
            isStored: isStored, rememberedActors: remembered, rememberedNodes: remembered, rememberedJobs: remembered,
            rememberedWorkers: remembered, rememberedTasks: remembered, retainedMessages: retained)
        if isStored { step { gcs, now, out in try? gcs.restore(StoreContents(), now: now, into: &out) } }
        for node in nodes { join(node, cpus: cpus) }
        sent = []
    }

    mutating func step(_ body: (inout GCSInstance, UInt64, inout [GCSDirective]) -> Void) {
        var out: [GCSDirective] = []
        body(&gcs, now, &out)
        for directive in out {
            switch directive {
            case .send(let message, let to): sent.append((message, to))
            case .persist(let changes): stored.apply(changes)
            case .startTimer(let timer, let after): timers.append((timer, after))
            case .loadActorHistory(let actor, _): loads.append(actor)
            }
        }
        #expect(gcs.checkInvariants() == [])
    }

    mutating func receive(_ message: Message, from: Address) { step { $0.receive(message, from: from, now: $1, into: &$2) } }
    mutating func fireAll() { for timer in timers.map(\.timer) { fire(timer) } }
    mutating func fire(_ timer: GCSTimer) { step { $0.timerFired(timer, now: $1, into: &$2) } }

    /// The GCS is gone, with what it has not sent; the next one starts from what was written.
    mutating func restartGCS() {
        guard let epoch = try? GCSInstance.nextEpoch(of: stored) else { return #expect(Bool(false), "the epoch cannot be read") }
        gcs = GCSInstance(epoch: epoch, isStored: isStored)
        let stored = stored
        (sent, timers, loads) = ([], [], [])
        step { gcs, now, out in #expect(throws: Never.self) { try gcs.restore(stored, now: now, into: &out) } }
    }

    @discardableResult
    mutating func ask(_ operation: GCSOperation, request: UInt64 = 1, from: Address = GCSBench.driver) -> GCSResult? {
        receive(.gcsRequest(GCSRequest(request: request, operation: operation)), from: from)
        for (message, to) in sent.reversed() { if case .gcsReply(let m) = message, to == from { return m.result } }
        return nil
    }

    mutating func join(_ node: UInt64, cpus: Int = 4) {
        let info = NodeInfo(node: NodeID(node), raylet: .raylet(of: NodeID(node)), total: .cpus(cpus), available: .cpus(cpus))
        receive(.registerNode(RegisterNode(info: [info])), from: info.raylet)
    }

    /// The raylet comes back to a GCS that has restarted.
    mutating func rejoin(_ node: UInt64, leases: [LeaseID] = [], jobs: [JobID] = [], bundles: [HeldBundle] = []) {
        let info = NodeInfo(node: NodeID(node), raylet: .raylet(of: NodeID(node)), total: .cpus(4), available: .cpus(4))
        let register = RegisterNode(info: [info], leases: leases, jobs: jobs, processes: [Self.driver.entity], bundles: bundles, number: 2)
        // Drivers are no workers of their node: the GCS knows them from their jobs.
        if gcs.jobs.all.isEmpty { step { $0.jobStarted(Self.job, driver: Self.driver, now: $1, into: &$2) } }
        receive(.registerNode(register), from: info.raylet)
    }

    static func actor(_ number: UInt64, job: JobID = GCSBench.job) -> ActorID { ActorID(unique: number, salt: 0, job: job) }

    @discardableResult
    mutating func register(
        _ number: UInt64 = 1, cpus: Int = 0, name: String = "", type: String = "Counter", restarts: Int32 = 0, getIfExists: Bool = false,
        durable: Bool = false, isDetached: Bool = false, owner: Address = GCSBench.driver, job: JobID = GCSBench.job,
        resolved: [ResolvedDependency] = []
    ) -> ActorID {
        let id = Self.actor(number, job: job)
        var options = ActorSpecOptions()
        options.name = name
        options.typeName = type
        options.maxRestarts = restarts
        options.getIfExists = getIfExists
        options.isDetached = isDetached
        var spec = TaskSpec(
            id: TaskID(unique: 1, actor: id), attempt: Attempt(epoch: 1, number: 1),
            lineage: durable ? LineageID(high: 1, low: number) : .none, kind: .actorCreation,
            function: FunctionReference(index: 0, name: "init"), owner: owner, arguments: [], resultCount: 0)
        spec.options.resources = .cpus(cpus)
        receive(
            .registerActor(RegisterActor(request: number, actor: id, spec: spec, options: options, resolved: resolved)), from: owner)
        return id
    }

    /// The request for a worker that was sent last, with the raylet asked.
    var lastRequest: (message: RequestLease, to: Address)? {
        for (message, to) in sent.reversed() { if case .requestLease(let m) = message { return (m, to) } }
        return nil
    }
    var requests: Int { sent.count { if case .requestLease = $0.message { true } else { false } } }
    var lastPush: PushTask? {
        for (message, _) in sent.reversed() { if case .pushTask(let m) = message { return m } }
        return nil
    }
    func pushes(on lease: LeaseID) -> Int { sent.count { if case .pushTask(let m) = $0.message { m.lease == lease } else { false } } }
    func reply(_ request: UInt64) -> ActorReply? {
        for (message, _) in sent.reversed() { if case .actorReply(let m) = message, m.request == request { return m } }
        return nil
    }
    func updates(to: Address = GCSBench.other) -> [ActorUpdate] {
        sent.compactMap { if case .actorUpdate(let m) = $0.message, $0.to == to { m } else { nil } }
    }
    func returned(_ lease: LeaseID) -> [Bool] {
        sent.compactMap { if case .returnLease(let m) = $0.message, m.lease == lease { m.workerFailed } else { nil } }
    }

    mutating func subscribe(_ actor: ActorID, from: Address = GCSBench.other) {
        receive(.subscribeActor(SubscribeActor(actor: actor)), from: from)
    }

    /// The raylet asked last grants a worker.
    @discardableResult
    mutating func grant(worker: UInt64 = 500) throws -> (lease: LeaseID, worker: Address) {
        let (request, raylet) = try #require(lastRequest)
        let worker = Address.process(id: worker, on: raylet.nodeID)
        receive(.leaseGranted(LeaseGranted(lease: request.lease, worker: worker, node: raylet.nodeID)), from: raylet)
        return (request.lease, worker)
    }

    mutating func answer(_ outcome: TaskOutcome = .finished([]), from worker: Address) throws {
        let push = try #require(lastPush)
        receive(
            .taskReply(
                TaskReply(
                    lease: push.lease, task: push.spec.id, attempt: push.spec.attempt, outcome: outcome, moved: [], executionNS: 0)),
            from: worker)
    }

    @discardableResult
    mutating func bringToLife(worker: UInt64 = 500) throws -> (lease: LeaseID, worker: Address) {
        let granted = try grant(worker: worker)
        try answer(from: granted.worker)
        return granted
    }

    mutating func lose(_ lease: LeaseID, _ worker: Address) {
        receive(
            .leaseLost(
                LeaseLost(lease: lease, worker: worker, error: ErrorRecord(.workerCrashed, "worker process 5 was killed by SIGSEGV"))),
            from: .raylet(of: worker.nodeID))
    }

    /// The restart that was announced last is due.
    mutating func restart() throws {
        let timer = try #require(timers.last { if case .restartActor = $0.timer { true } else { false } })
        fire(timer.timer)
    }
}
