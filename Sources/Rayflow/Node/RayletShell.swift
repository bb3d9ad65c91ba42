internal import CLinux
internal import Glibc
package import ObjectStore
package import Raylet
package import RayflowCore
package import Transport

/// A worker that is to be started.
package struct WorkerOrder: Sendable {
    package var process: UInt64
    package var job: JobID
    /// Numbers of the GPUs that the process is to see.
    package var devices: [UInt32]
    /// Its page of the object store's control pages; nil: it has none.
    package var page: Int?
    /// What it has besides the node's variables, or instead of them.
    package var environment: RuntimeEnvironment
}

/// How a raylet starts its workers.
package protocol WorkerSpawning: AnyObject, Sendable {
    /// On the loop. `ended` is called on any thread, once, when the process is gone.
    ///
    /// - Returns: its pid.
    /// - Throws: `runtimeEnvSetup` when no process can have that environment; anything else may go better next time.
    func spawn(_ order: WorkerOrder, ended: @escaping @Sendable (WorkerExit) -> Void) throws(RayflowError) -> UInt32
    func kill(process: UInt64, gently: Bool)
    /// Whether a worker has a connection whose end the raylet hears of.
    var areConnected: Bool { get }
}

/// One node's raylet: carries out what its scheduler and its object store decide. Confined to the loop.
package final class RayletShell: FrameHandler, @unchecked Sendable {
    package let node: NodeID
    package let network: any Network
    let loop: Loop
    private(set) var scheduler: RayletInstance
    let store: NodeStore
    let io: IOPool
    private let spawner: any WorkerSpawning
    private var outbox: [RayletDirective] = []
    private var isDraining = false

    // The store: see RayletShell+Store.
    let tierIO: IOPool
    let mover: TierMover
    let spillFolder: SpillFolder?
    /// Requests for room that wait.
    var pendingCreates: [UInt64: (request: UInt64, object: ObjectID, from: Address)] = [:]
    /// Readers of an object that is still being written or on its way here.
    var pendingOpens: [ObjectID: [(message: OpenObject, from: Address)]] = [:]
    /// Who waits for an object to come back from a colder tier.
    var openings: [UInt64: Opening] = [:]

    // Transfers: see RayletShell+Pulling and RayletShell+Pushing.
    var pulls: PullQueue
    var pullOutbox: [PullDirective] = []
    var isPulling = false
    /// Objects that have room here, or wait for it.
    var arrivals: [ObjectID: Arrival] = [:]
    /// Requests for room that wait.
    var roomTickets: [UInt64: ObjectID] = [:]
    var closing: [ObjectID: ClosingRoom] = [:]
    /// What leases wait for.
    var dependencies: [ObjectID: Dependency] = [:]
    /// For which there was no room: leases hear it after a pause.
    var failing: Set<ObjectID> = []
    var pushes = PushQueue()
    var pushOutbox: [PushDirective] = []
    var isPushing = false
    var pushSources: [ObjectID: PushSource] = [:]
    private var workerProcesses: Set<UInt64> = []
    private var ends = WorkerEnds()
    package var onFenced: (@Sendable () -> Void)?

    var address: Address { .raylet(of: node) }

    package init(
        node: NodeID, resources: ResourceSet, network: any Network, arena: Arena, io: IOPool, spawner: any WorkerSpawning,
        stepHost: Address?, labels: [String: String] = [:], objectStore: ObjectStoreSettings = ObjectStoreSettings()
    ) throws(RayflowError) {
        self.node = node
        self.network = network
        self.loop = network.loop
        self.io = io
        self.spawner = spawner
        let spillFolder = objectStore.spillFolder.map {
            SpillFolder(path: $0, rules: objectStore.rules, fullPercent: objectStore.diskFullPercent)
        }
        self.spillFolder = spillFolder
        mover = TierMover(arena, spillFolder)
        tierIO = IOPool(threads: StoreLimits.maximumMoves)
        do { store = try NodeStore(arena, rules: objectStore.rules) } catch {
            throw RayflowError(.system, "the object store cannot be made: \(error)")
        }
        let share = arena.geometry.dataSize / 100 * TransferLimits.incomingPercent
        pulls = PullQueue(node: node, limitBytes: min(TransferLimits.incomingBytes, share))
        scheduler = RayletInstance(node: node, total: resources, labels: labels, stepHost: stepHost)
    }

    /// Joins the cluster.
    package func register() {
        event { $0.join(into: &$1) }
        tickStore()
    }

    package var arena: Arena { store.arena }

    /// The pin page of a process that was not spawned as a worker: this one, for all its drivers and workers. Nil: there is none left.
    package func pinPage(for client: UInt64) -> PinPage? {
        guard let process = try? store.assignProcess(to: client) else { return nil }
        return try? PinPage(arena, process: process)
    }

    package func snapshot() -> RayletSnapshot { scheduler.snapshot(now: loop.now) }
    package var transfers: TransferSnapshot { TransferSnapshot(pulls, pushes) }
    package var statistics: StoreStatistics { store.statistics }
    package var storedRows: [StoredRow] { store.snapshot.rows }
    /// Ends the threads that move objects between tiers.
    package func close() { tierIO.close() }
    package func explain(_ lease: LeaseID) -> PendingReason? { scheduler.explain(lease) }

    package func prestart(job: JobID, count: Int) {
        scheduler.prestart(job: job, count: count, now: loop.now, into: &outbox)
        drain()
    }

    // MARK: Frames

    package func receive(kind: UInt8, body: ArraySlice<UInt8>, from: Address) {
        guard let message = try? Message(kind: kind, body: body) else { return }
        if !scheduler.unreachable.isEmpty, from.isRaylet, from != address { reachabilityChanged(from.nodeID, isReachable: true) }
        switch message {
        case .createObject(let m): create(m, from: from)
        case .sealObject(let m): seal(m, client: from)
        case .abortObject(let m): run { try? store.abort(m.object, client: from.entity, into: &$0) }
        case .openObject(let m): open(m, from: from)
        case .cancelOpen(let m): cancelOpen(m, from: from)
        case .closeObject(let m): run { try? store.unpin(m.object, client: from.entity, into: &$0) }
        case .deleteObjects(let m):
            run { directives in
                for id in m.objects { store.delete(id, into: &directives) }
            }
        case .pullObject(let m): asked(m, from: from)
        case .pullAccepted(let m): accepted(m, from: from)
        case .pullFailed(let m): refused(m)
        case .objectChunk(let m): chunk(m, from: from)
        case .chunkTaken(let m): push { $0.taken(m.object, request: m.request, index: m.index, by: from.nodeID, into: &$1) }
        case .inspectMemory(let m): inspected(m, from: from)
        case .cancelPull(let m): push { $0.cancelled(m.object, request: m.request, by: from.nodeID, into: &$1) }
        default:
            if case .registerWorker(let m) = message, spawner.areConnected, workerProcesses.contains(m.process) {
                ends.heard(of: m.process)
            }
            scheduler.receive(message, from: from, now: loop.now, into: &outbox)
            drain()
        }
    }

    package func disconnected(_ peer: Address) {
        if peer.isProcess {
            if peer.node == node.value, let exit = ends.disconnected(peer.entity) { return workerEnded(peer.entity, exit) }
            // A process of this node that the raylet did not spawn; of spawned ones the pidfd speaks.
            if peer.node == node.value, !workerProcesses.contains(peer.entity) { clientDied(peer.entity) }
            if !workerProcesses.contains(peer.entity) {
                scheduler.connectionLost(peer, now: loop.now, into: &outbox)
                drain()
            }
        } else if peer.isRaylet {
            if peer != address { reachabilityChanged(peer.nodeID, isReachable: false) }
            let isGone = scheduler.isGone(peer.nodeID)
            push { $0.lost(peer.nodeID, isGone: isGone, into: &$1) }
            pull { $0.connectionBroke(to: peer.nodeID, isGone: isGone, into: &$1) }
        } else {
            event { $0.connectionLost(peer, now: self.loop.now, into: &$1) }
        }
    }

    private func reachabilityChanged(_ node: NodeID, isReachable: Bool) {
        event { $0.reachabilityChanged(node, isReachable: isReachable, now: self.loop.now, into: &$1) }
    }

    func send(_ message: Message, to: Address) {
        let wire = message.wire
        network.send(kind: type(of: wire).kind, body: wire.body, from: address, to: to)
    }

    // MARK: Scheduler

    private func drain() {
        guard !isDraining else { return }
        isDraining = true
        while !outbox.isEmpty {
            let directives = outbox
            outbox = []
            for directive in directives { carryOut(directive) }
        }
        isDraining = false
    }

    func event(_ body: (inout RayletInstance, inout [RayletDirective]) -> Void) {
        body(&scheduler, &outbox)
        drain()
    }

    private func carryOut(_ directive: RayletDirective) {
        switch directive {
        case .send(let message, let to): send(message, to: to)
        case .spawnWorker(let process, let job): spawn(process, job)
        case .killWorker(let process, let reason): spawner.kill(process: process, gently: reason.isGentle)
        case .startTimer(let timer, let delay):
            loop.scheduleTimer(afterNanoseconds: delay) { [weak self] in
                guard let self else { return }
                event { $0.timerFired(timer, now: self.loop.now, into: &$1) }
            }
        case .fetchDependency(let dependency):
            failing.remove(dependency.id)
            begin(.dependency(dependency))
        case .cancelDependency(let object): cancelDependency(object)
        case .reportResources(let available):
            send(.resourceReport(ResourceReport(node: node, available: available)), to: .gcs)
        case .fenced: onFenced?()
        case .nodesGone(let nodes):
            run { store.keepSecondaries(into: &$0) }
            push { $0.nodesGone(nodes, into: &$1) }
            pull { $0.nodesGone(nodes, into: &$1) }
        }
    }

    private func spawn(_ process: UInt64, _ job: JobID) {
        workerProcesses.insert(process)
        do {
            let order = WorkerOrder(
                process: process, job: job, devices: scheduler.devices(of: process),
                page: spawner.areConnected ? try? store.assignProcess(to: process) : nil,
                environment: scheduler.environment(of: process))
            let pid = try spawner.spawn(order) { [self, loop] exit in
                loop.execute { self.workerExited(process, exit) }
            }
            scheduler.workerSpawned(process: process, pid: pid)
        } catch {
            workerProcesses.remove(process)
            clientDied(process)
            let record = ErrorRecord(error)
            loop.execute { [weak self] in
                guard let self else { return }
                event { $0.spawnFailed(process: process, error: record, now: self.loop.now, into: &$1) }
            }
        }
    }

    private func workerExited(_ process: UInt64, _ exit: WorkerExit) {
        if ends.exited(process, exit) { return workerEnded(process, exit) }
        loop.scheduleTimer(afterNanoseconds: NodeLimits.lastWordsNS) { [weak self] in
            guard let self, let exit = ends.expired(process) else { return }
            workerEnded(process, exit)
        }
    }

    private func workerEnded(_ process: UInt64, _ exit: WorkerExit) {
        workerProcesses.remove(process)
        clientDied(process)
        if let why = exit.refusal { event { $0.workerRefused(process: process, why, now: self.loop.now, into: &$1) } }
        event {
            $0.workerExited(
                process: process, description: exit.description, outOfMemory: exit.isOutOfMemory, now: self.loop.now, into: &$1)
        }
    }

    package func stepHostLost(_ description: String) {
        event { $0.stepHostLost(description: description, now: self.loop.now, into: &$1) }
    }
    package func stepHostStarted(_ host: Address) { event { $0.stepHostStarted(host, now: self.loop.now, into: &$1) } }
}

/// Bounds of a node's shell.
enum NodeLimits {
    /// How long the frames of a process that has exited are read before its end counts in any case.
    static let lastWordsNS: UInt64 = 1_000_000_000
    /// Pause before a lease hears that there was no room at once for what it needs: it may ask again at once.
    static let noRoomNS: UInt64 = 20_000_000
}
