import GCS
import Raylet
import RayflowCore
import Testing

/// One GCS, some raylets, one scripted driver, and worker processes that are nothing but an address; virtual time, seeded.
///
/// Links keep their order, as sockets do; between links the order is random, and any message may come twice. The driver and the workers
/// behave as the real ones must: they know repeated messages by their ids, and give back what they no longer want.
struct MiniCluster {
    struct Letter { var message: Message, from: Address, to: Address }
    struct Link: Hashable { var from: Address, to: Address }
    enum Happening {
        case gcsTimer(GCSTimer)
        case rayletTimer(NodeID, RayletTimer)
        case registers(NodeID, UInt64)
        case exits(NodeID, UInt64)
        case taskDone(LeaseID)
        case resubmit
    }
    struct Task { var lease: LeaseID, raylet: Address, hops: UInt8, worker: Address?, resources: ResourceSet, isStep: Bool }

    static let job = JobID(1)
    let driver = Address(node: 1, entity: 1000)
    var random: SeededRandom
    var gcs = GCSInstance(isStored: true)
    /// What the GCS has had written.
    var stored = StoreContents()
    var restarts = 0
    /// Messages that the GCS has received so far, and the one after which it dies.
    var gcsMessages = 0
    var gcsDiesAfter: Int?
    /// Not answered by the GCS yet.
    var registrations: [UInt64: RegisterActor] = [:]
    var raylets: [NodeID: RayletInstance] = [:]
    var links: [Link: [Letter]] = [:]
    var due: [(at: UInt64, order: UInt64, what: Happening)] = []
    var now: UInt64 = 0
    var order: UInt64 = 0
    var faults = true
    /// Whether the constructor failed, by worker.
    var built: [Address: Bool] = [:]

    // The driver's books.
    var tasks: [LeaseID: Task] = [:]
    var unsubmitted: [(resources: ResourceSet, isStep: Bool)] = []
    var finishedTasks = 0
    var nextLease: UInt64 = 1
    var actors: [ActorID: ActorUpdate] = [:]

    init(seed: UInt64, nodes: Int) {
        random = SeededRandom(seed)
        atGCS { gcs, now, out in #expect(throws: Never.self) { try gcs.restore(StoreContents(), now: now, into: &out) } }
        for number in 1...nodes {
            let node = NodeID(UInt64(number))
            let raylet = RayletInstance(node: node, total: .cpus(number + 1), stepHost: .process(id: 50, on: node), keptIdle: 1)
            raylets[node] = raylet
            at(node) { raylet, _, out in raylet.join(into: &out) }
        }
        atGCS { $0.jobStarted(Self.job, driver: Address(node: 1, entity: 1000), now: $1, into: &$2) }
    }

    // MARK: Network and time

    mutating func send(_ message: Message, from: Address, to: Address) {
        let letter = Letter(message: message, from: from, to: to)
        links[Link(from: from, to: to), default: []].append(letter)
        if faults, random.chance(5) { links[Link(from: from, to: to), default: []].append(letter) }
    }

    mutating func schedule(_ what: Happening, after: UInt64) {
        order += 1
        due.append((now + after, order, what))
    }

    var isQuiet: Bool { links.isEmpty && due.isEmpty }

    /// One letter or one happening; false when there is nothing left.
    mutating func advance() -> Bool {
        if !links.isEmpty, due.isEmpty || random.chance(85) {
            let link = links.keys.sorted {
                ($0.from.node, $0.from.entity, $0.to.node, $0.to.entity) < ($1.from.node, $1.from.entity, $1.to.node, $1.to.entity)
            }
            .randomElement(using: &random)
            guard let link, let letter = links[link]?.first else { return false }
            links[link]?.removeFirst()
            if links[link]?.isEmpty == true { links[link] = nil }
            deliver(letter)
            if letter.to.isGCS, gcsDiesAfter == gcsMessages { restartGCS() }
            return true
        }
        guard let next = due.indices.min(by: { (due[$0].at, due[$0].order) < (due[$1].at, due[$1].order) }) else { return false }
        let (at, _, what) = due.remove(at: next)
        now = max(now, at)
        happen(what)
        return true
    }

    mutating func run(_ steps: Int) { for _ in 0..<steps where !advance() { return } }

    mutating func atGCS(_ body: (inout GCSInstance, UInt64, inout [GCSDirective]) -> Void) {
        var out: [GCSDirective] = []
        body(&gcs, now, &out)
        #expect(gcs.checkInvariants() == [])
        for directive in out {
            switch directive {
            case .send(let message, let to): send(message, from: .gcs, to: to)
            case .persist(let changes): stored.apply(changes)
            case .startTimer(let timer, let after): schedule(.gcsTimer(timer), after: after)
            case .loadActorHistory(let actor, _): atGCS { $0.actorHistoryLoaded(actor, [], now: $1, into: &$2) }
            }
        }
    }

    mutating func at(_ node: NodeID, _ body: (inout RayletInstance, UInt64, inout [RayletDirective]) -> Void) {
        guard var raylet = raylets[node] else { return }
        var out: [RayletDirective] = []
        body(&raylet, now, &out)
        raylets[node] = raylet
        #expect(raylet.checkInvariants() == [])
        for directive in out {
            switch directive {
            case .send(let message, let to): send(message, from: raylet.address, to: to)
            case .spawnWorker(let process, _):
                let dies = faults && random.chance(10)
                schedule(dies ? .exits(node, process) : .registers(node, process), after: 5_000_000)
            case .killWorker(let process, _): schedule(.exits(node, process), after: 1_000_000)
            case .startTimer(let timer, let after): schedule(.rayletTimer(node, timer), after: after)
            case .reportResources(let set):
                send(.resourceReport(ResourceReport(node: node, available: set)), from: raylet.address, to: .gcs)
            case .fetchDependency, .cancelDependency, .fenced, .nodesGone: break
            }
        }
    }

    private mutating func happen(_ what: Happening) {
        switch what {
        case .gcsTimer(let timer): atGCS { $0.timerFired(timer, now: $1, into: &$2) }
        case .rayletTimer(let node, let timer): at(node) { $0.timerFired(timer, now: $1, into: &$2) }
        case .registers(let node, let process):
            send(.registerWorker(RegisterWorker(process: process, pid: 7)), from: .process(id: process, on: node), to: .raylet(of: node))
        case .exits(let node, let process):
            let worker = Address.process(id: process, on: node)
            links = links.filter { $0.key.from != worker && $0.key.to != worker }
            let isKnown = raylets[node]?.snapshot(now: now).workers.contains { $0.process == process } == true
            if isKnown { at(node) { $0.workerExited(process: process, description: "was killed", outOfMemory: false, now: $1, into: &$2) } }
        case .taskDone(let lease):
            guard let task = tasks.removeValue(forKey: lease) else { return }
            finishedTasks += 1
            send(.returnLease(ReturnLease(lease: lease, workerFailed: faults && random.chance(5))), from: driver, to: task.raylet)
            submitNext()
        case .resubmit: submitNext()
        }
    }

    private mutating func deliver(_ letter: Letter) {
        let (message, from) = (letter.message, letter.from)
        if letter.to.isGCS {
            gcsMessages += 1
            atGCS { $0.receive(message, from: from, now: $1, into: &$2) }
        } else if letter.to.isRaylet {
            at(letter.to.nodeID) { $0.receive(message, from: from, now: $1, into: &$2) }
        } else if letter.to == driver {
            driverReceives(message)
        } else if case .pushTask(let push) = message {
            // A constructor runs once; who asks again gets the same answer.
            let fails = built[letter.to] ?? (faults && random.chance(5))
            built[letter.to] = fails
            let outcome: TaskOutcome = fails ? .failed(ErrorRecord(.taskFailed, "no"), isApplicationError: true) : .finished([])
            send(
                .taskReply(
                    TaskReply(
                        lease: push.lease, task: push.spec.id, attempt: push.spec.attempt, outcome: outcome, moved: [], executionNS: 1)),
                from: letter.to, to: from)
        }
    }

    // MARK: Driver

    mutating func submit(_ resources: ResourceSet, isStep: Bool) {
        unsubmitted.append((resources, isStep))
        submitNext()
    }

    private mutating func submitNext() {
        while tasks.count < 12, !unsubmitted.isEmpty {
            let (resources, isStep) = unsubmitted.removeFirst()
            let lease = LeaseID(owner: driver.entity, number: nextLease)
            nextLease += 1
            tasks[lease] = Task(lease: lease, raylet: .raylet(of: NodeID(1)), hops: 0, worker: nil, resources: resources, isStep: isStep)
            request(lease)
        }
    }

    private mutating func request(_ lease: LeaseID) {
        guard let task = tasks[lease] else { return }
        let message = RequestLease(
            lease: lease, attempt: Attempt(epoch: 1, number: 1), job: Self.job, kind: task.isStep ? .step : .task,
            resources: task.resources,
            priority: 0, dependencies: [], hops: task.hops, backlog: 0)
        send(.requestLease(message), from: driver, to: task.raylet)
    }

    /// The task is submitted again under a new lease.
    private mutating func again(_ lease: LeaseID) {
        guard let task = tasks.removeValue(forKey: lease) else { return }
        unsubmitted.append((task.resources, task.isStep))
        schedule(.resubmit, after: 10_000_000)
    }

    private mutating func driverReceives(_ message: Message) {
        switch message {
        case .leaseGranted(let m):
            guard var task = tasks[m.lease] else {
                return send(.returnLease(ReturnLease(lease: m.lease, workerFailed: false)), from: driver, to: .raylet(of: m.node))
            }
            if task.worker != nil { return }
            task.worker = m.worker
            task.raylet = .raylet(of: m.node)
            tasks[m.lease] = task
            schedule(.taskDone(m.lease), after: UInt64.random(in: 1_000...50_000_000, using: &random))
        case .leaseSpillback(let m):
            guard var task = tasks[m.lease], task.worker == nil, task.raylet != m.raylet else { return }
            // Nobody is there any more.
            if raylets[m.raylet.nodeID] == nil { return again(m.lease) }
            if faults, random.chance(5) {
                // It no longer needs it.
                send(.cancelLease(CancelLease(lease: m.lease)), from: driver, to: task.raylet)
                return again(m.lease)
            }
            task.raylet = m.raylet
            task.hops += 1
            tasks[m.lease] = task
            request(m.lease)
        case .leaseRejected(let m): again(m.lease)
        case .leaseLost(let m): again(m.lease)
        case .actorReply(let m): registrations[m.request] = nil
        case .actorUpdate(let m):
            if let known = actors[m.actor], known.incarnation <= m.incarnation { actors[m.actor] = m }
        default: break
        }
    }

    mutating func createActor(_ number: UInt64, cpus: Int, restarts: Int32) {
        let id = ActorID(unique: number, salt: 0, job: Self.job)
        var options = ActorSpecOptions()
        options.maxRestarts = restarts
        var spec = TaskSpec(
            id: TaskID(unique: 1, actor: id), attempt: Attempt(epoch: 1, number: 1),
            lineage: number % 3 == 0 ? LineageID(high: 1, low: number) : .none, kind: .actorCreation,
            function: FunctionReference(index: 0, name: "init"), owner: driver, arguments: [], resultCount: 0)
        spec.options.resources = .cpus(cpus)
        actors[id] = ActorUpdate(actor: id, state: .pending, incarnation: 0, worker: .gcs, error: nil)
        let registration = RegisterActor(request: number, actor: id, spec: spec, options: options, resolved: [])
        registrations[number] = registration
        send(.registerActor(registration), from: driver, to: .gcs)
        send(.subscribeActor(SubscribeActor(actor: id)), from: driver, to: .gcs)
    }

    /// The GCS is gone, with all that is on its way to it and from it; the next one starts from what was written.
    mutating func restartGCS() {
        restarts += 1
        links = links.filter { !$0.key.from.isGCS && !$0.key.to.isGCS }
        due.removeAll { if case .gcsTimer = $0.what { true } else { false } }
        let stored = stored
        guard let epoch = try? GCSInstance.nextEpoch(of: stored) else { return #expect(Bool(false), "no epoch") }
        gcs = GCSInstance(epoch: epoch, isStored: true)
        atGCS { gcs, now, out in #expect(throws: Never.self) { try gcs.restore(stored, now: now, into: &out) } }
        for node in raylets.keys.sorted() { at(node) { $0.connectionLost(.gcs, now: $1, into: &$2) } }
        // The driver behaves as owners do.
        let driver = driver
        atGCS { $0.jobStarted(Self.job, driver: driver, now: $1, into: &$2) }
        for (_, registration) in registrations.sorted(by: { $0.key < $1.key }) {
            send(.registerActor(registration), from: driver, to: .gcs)
        }
        for id in actors.keys.sorted(by: { $0.unique < $1.unique }) {
            send(.subscribeActor(SubscribeActor(actor: id)), from: driver, to: .gcs)
        }
    }

    mutating func killRandomWorker() {
        let all = raylets.values.sorted { $0.node < $1.node }.flatMap { raylet in
            raylet.snapshot(now: now).workers.map { (raylet.node, $0.process) }
        }
        if let (node, process) = all.randomElement(using: &random) { happen(.exits(node, process)) }
    }

    mutating func killNode(_ node: NodeID) {
        raylets[node] = nil
        links = links.filter { $0.key.from.node != node.value && $0.key.to.node != node.value }
        due.removeAll {
            switch $0.what {
            case .rayletTimer(node, _), .registers(node, _), .exits(node, _): true
            default: false
            }
        }
        atGCS { $0.nodeDied(node, now: $1, into: &$2) }
        for (lease, _) in tasks.filter({ $0.value.raylet == .raylet(of: node) }).sorted(by: { $0.key.number < $1.key.number }) {
            again(lease)
        }
    }
}
