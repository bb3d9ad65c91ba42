import RayflowCore
import Testing

@testable import Raylet

/// A raylet under test with the ends of its directives: what it spawned, sent and asked for.
struct RayletBench {
    static let job = JobID(1)
    static let driver = Address(node: 7, entity: 1000)

    var raylet: RayletInstance
    var now: UInt64 = 1_000_000_000
    var sent: [(message: Message, to: Address)] = []
    var spawned: [UInt64] = []
    var killed: [UInt64: WorkerKillReason] = [:]
    var timers: [(timer: RayletTimer, after: UInt64)] = []
    var fetched: [ObjectID] = []
    var released: [ObjectID] = []
    var reports: [ResourceSet] = []
    var departures: [Set<NodeID>] = []
    var fences = 0
    var nextLease: UInt64 = 1

    init(cpus: Int = 2, node: UInt64 = 7, stepHost: Address? = nil, others: [NodeInfo]? = [], keptIdle: Int? = nil, remembered: Int = 100) {
        raylet = RayletInstance(
            node: NodeID(node), total: .cpus(cpus), stepHost: stepHost, keptIdle: keptIdle, rememberedAnswers: remembered)
        if let others { receive(.nodeTable(NodeTable(nodes: others + [raylet.selfInfo])), from: .gcs) }
    }

    mutating func step(_ body: (inout RayletInstance, UInt64, inout [RayletDirective]) -> Void) {
        var out: [RayletDirective] = []
        body(&raylet, now, &out)
        for directive in out {
            switch directive {
            case .send(let message, let to): sent.append((message, to))
            case .spawnWorker(let process, _): spawned.append(process)
            case .killWorker(let process, let reason): killed[process] = reason
            case .startTimer(let timer, let after): timers.append((timer, after))
            case .fetchDependency(let dependency): fetched.append(dependency.id)
            case .cancelDependency(let object): released.append(object)
            case .reportResources(let available): reports.append(available)
            case .fenced: fences += 1
            case .nodesGone(let nodes): departures.append(nodes)
            }
        }
        #expect(raylet.checkInvariants() == [])
    }

    mutating func receive(_ message: Message, from: Address) { step { $0.receive(message, from: from, now: $1, into: &$2) } }

    @discardableResult
    mutating func request(
        _ kind: LeaseKind = .task, cpus: Double = 1, resources: [String: Double]? = nil, job: JobID = RayletBench.job, priority: Int32 = 0,
        dependencies: [Dependency] = [], environment: RuntimeEnvironment = .none, hops: UInt8 = 0,
        strategy: SchedulingStrategy = .hybrid, from: Address = RayletBench.driver,
        lease: LeaseID? = nil
    ) throws -> LeaseID {
        let id = lease ?? LeaseID(owner: from.entity, number: nextLease)
        nextLease += 1
        let set = try ResourceSet(resources ?? (cpus > 0 ? ["CPU": cpus] : [:]))
        receive(
            .requestLease(
                RequestLease(
                    lease: id, attempt: Attempt(epoch: 1, number: 1), job: job, kind: kind, resources: set, priority: priority,
                    dependencies: dependencies, hops: hops, backlog: 0, strategy: strategy, environment: environment)), from: from)
        return id
    }

    mutating func register(_ process: UInt64) {
        step { raylet, _, _ in raylet.workerSpawned(process: process, pid: UInt32(truncatingIfNeeded: process)) }
        receive(.registerWorker(RegisterWorker(process: process, pid: 4711)), from: raylet.workerAddress(process))
    }

    /// Registers every process that was spawned and has not yet been.
    mutating func registerAll() {
        var index = 0
        while index < spawned.count {
            if raylet.workers[spawned[index]]?.state == .starting { register(spawned[index]) }
            index += 1
        }
    }

    mutating func giveBack(_ lease: LeaseID, failed: Bool = false, from: Address = RayletBench.driver) {
        receive(.returnLease(ReturnLease(lease: lease, workerFailed: failed)), from: from)
    }

    mutating func exit(_ process: UInt64, _ description: String = "was killed by SIGSEGV", outOfMemory: Bool = false) {
        step { $0.workerExited(process: process, description: description, outOfMemory: outOfMemory, now: $1, into: &$2) }
    }

    mutating func block(_ process: UInt64, _ isBlocked: Bool) {
        receive(.blocked(Blocked(process: process, isBlocked: isBlocked)), from: raylet.workerAddress(process))
    }

    mutating func answerIdleCheck(_ process: UInt64, isUnused: Bool) {
        receive(.idleReply(IdleReply(process: process, isUnused: isUnused)), from: raylet.workerAddress(process))
    }

    mutating func fire(_ timer: RayletTimer) { step { $0.timerFired(timer, now: $1, into: &$2) } }

    /// Fires the last timer that a further worker of the job waits for; gives its delay.
    mutating func fireFurther(_ job: JobID = RayletBench.job) throws -> UInt64 {
        let last = try #require(timers.last { if case .furtherWorker(WorkerPoolKey(job: job), _) = $0.timer { true } else { false } })
        now += last.after
        fire(last.timer)
        return last.after
    }

    /// Workers that were asked whether they may go, in order.
    var idleChecks: [UInt64] { sent.compactMap { if case .idleCheck = $0.message { $0.to.entity } else { nil } } }
    func worker(of lease: LeaseID) -> Address? {
        if case .granted(_, let worker)? = raylet.leases[lease]?.state { worker } else { nil }
    }
    func process(of lease: LeaseID) -> UInt64? {
        if case .granted(let process?, _)? = raylet.leases[lease]?.state { process } else { nil }
    }
    func grants(of lease: LeaseID) -> Int {
        sent.count { if case .leaseGranted(let m) = $0.message { m.lease == lease } else { false } }
    }
    func spillback(of lease: LeaseID) -> Address? {
        for (message, _) in sent { if case .leaseSpillback(let m) = message, m.lease == lease { return m.raylet } }
        return nil
    }
    func rejection(of lease: LeaseID) -> ErrorRecord? {
        for (message, _) in sent { if case .leaseRejected(let m) = message, m.lease == lease { return m.error } }
        return nil
    }
    func losses(of lease: LeaseID) -> Int { sent.count { if case .leaseLost(let m) = $0.message { m.lease == lease } else { false } } }
    func loss(of lease: LeaseID) -> ErrorRecord? {
        for (message, _) in sent { if case .leaseLost(let m) = message, m.lease == lease { return m.error } }
        return nil
    }

    static func other(_ node: UInt64, cpus: Int, free: Int, alive: Bool = true) -> NodeInfo {
        NodeInfo(node: NodeID(node), raylet: .raylet(of: NodeID(node)), total: .cpus(cpus), available: .cpus(free), isAlive: alive)
    }
    static func dependency(_ number: UInt64, on node: UInt64 = 9) -> Dependency {
        let id = ObjectID(task: TaskID(unique: number, actor: .none(in: job)), index: 1)
        return Dependency(id: id, owner: driver, nodes: [NodeID(node)], size: 1_000_000)
    }
}
