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
    private var scheduler: RayletInstance
    let store: NodeStore
    private let io: IOPool
    private let spawner: any WorkerSpawning
    private var outbox: [RayletDirective] = []
    private var isDraining = false
    /// Requests for room that wait for a slab.
    private var pendingCreates: [UInt64: (request: UInt64, object: ObjectID, from: Address)] = [:]
    /// Readers of an object that is still being written or on its way here.
    private var pendingOpens: [ObjectID: [(request: UInt64, from: Address)]] = [:]
    private var pulls: [ObjectID: Pull] = [:]
    private var pullRequests: [UInt64: ObjectID] = [:]
    private var nextPull: UInt64 = 1
    /// Requests for room whose pull was given up meanwhile.
    private var abandonedRooms: [UInt64: ObjectID] = [:]
    /// How long another node may be silent in the middle of a transfer.
    package var pullSilenceNS = NodeLimits.pullSilenceNS
    private var workerProcesses: Set<UInt64> = []
    private var ends = WorkerEnds()
    package var onFenced: (@Sendable () -> Void)?

    var address: Address { .raylet(of: node) }

    package init(
        node: NodeID, resources: ResourceSet, network: any Network, arena: Arena, io: IOPool, spawner: any WorkerSpawning,
        stepHost: Address?, labels: [String: String] = [:]
    ) throws(RayflowError) {
        self.node = node
        self.network = network
        self.loop = network.loop
        self.io = io
        self.spawner = spawner
        do { store = try NodeStore(arena) } catch { throw RayflowError(.system, "the object store cannot be made: \(error)") }
        scheduler = RayletInstance(node: node, total: resources, labels: labels, stepHost: stepHost)
    }

    /// Joins the cluster.
    package func register() {
        event { $0.join(into: &$1) }
        tickStore()
    }

    package var arena: Arena { store.arena }
    package func snapshot() -> RayletSnapshot { scheduler.snapshot(now: loop.now) }
    package var statistics: StoreStatistics { store.statistics }
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
        case .sealObject(let m): seal(m.object, client: from)
        case .abortObject(let m): run { try? store.abort(m.object, client: from.entity, into: &$0) }
        case .openObject(let m): open(m, from: from)
        case .closeObject(let m): run { try? store.unpin(m.object, client: from.entity, into: &$0) }
        case .deleteObjects(let m):
            run { directives in
                for id in m.objects { store.delete(id, into: &directives) }
            }
        case .pullObject(let m): push(m, to: from)
        case .pullFailed(let m): pullFailed(m)
        case .objectChunk(let m): chunk(m, from: from)
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
            if peer.node == node.value, !workerProcesses.contains(peer.entity) { run { store.clientDied(peer.entity, into: &$0) } }
            if !workerProcesses.contains(peer.entity) {
                scheduler.connectionLost(peer, now: loop.now, into: &outbox)
                drain()
            }
        } else if peer.isRaylet {
            if peer != address { reachabilityChanged(peer.nodeID, isReachable: false) }
            for (object, pull) in pulls where pull.source == peer { broken(object, peer.nodeID) }
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
        case .fetchDependency(let dependency): fetch(dependency)
        case .cancelDependency(let object):
            // On its way it is not pinned yet.
            if pulls[object]?.isDependency == true {
                pulls[object]?.isDependency = false
            } else {
                run { try? store.unpin(object, client: Self.ownClient, into: &$0) }
            }
        case .reportResources(let available):
            send(.resourceReport(ResourceReport(node: node, available: available)), to: .gcs)
        case .fenced: onFenced?()
        }
    }

    private func spawn(_ process: UInt64, _ job: JobID) {
        workerProcesses.insert(process)
        do {
            let order = WorkerOrder(
                process: process, job: job, devices: scheduler.devices(of: process), page: try? store.assignProcess(to: process),
                environment: scheduler.environment(of: process))
            let pid = try spawner.spawn(order) { [self, loop] exit in
                loop.execute { self.workerExited(process, exit) }
            }
            scheduler.workerSpawned(process: process, pid: pid)
        } catch {
            workerProcesses.remove(process)
            run { store.clientDied(process, into: &$0) }
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
        run { store.clientDied(process, into: &$0) }
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

    // MARK: Store

    /// The raylet's own pins: dependencies of leases, objects on their way.
    private static let ownClient: UInt64 = 0

    private func run(_ body: (inout [StoreDirective]) -> Void) {
        var directives: [StoreDirective] = []
        body(&directives)
        for directive in directives { carryOut(directive) }
    }

    private func carryOut(_ directive: StoreDirective) {
        switch directive {
        case .populateSlab(let slab):
            io.run { [self, arena = store.arena] in
                let failure: ArenaError?
                do throws(ArenaError) {
                    try arena.populate(slab: slab)
                    failure = nil
                } catch { failure = error }
                loop.execute { [self] in
                    run { directives in
                        if let failure {
                            store.slabFailed(slab, failure, into: &directives)
                        } else {
                            store.slabReady(slab, into: &directives)
                        }
                    }
                }
            }
        case .releaseSlab(let slab):
            io.run { [self, arena = store.arena] in
                try? arena.release(slab: slab)
                loop.execute { [self] in run { store.slabReleased(slab, into: &$0) } }
            }
        case .wake(let ticket, let result):
            if let waiting = pendingCreates.removeValue(forKey: ticket) {
                created(result, request: waiting.request, object: waiting.object, from: waiting.from)
            } else if let object = pulls.first(where: { $0.value.ticket == ticket })?.key {
                pulls[object]?.ticket = nil
                roomForPull(object, result)
            } else if let object = abandonedRooms.removeValue(forKey: ticket), case .granted = result {
                run { try? store.abort(object, client: Self.ownClient, into: &$0) }
            }
        case .writeIndex, .checkPins: break  // done inside the store
        }
    }

    private func tickStore() {
        loop.scheduleTimer(afterNanoseconds: 1_000_000_000) { [weak self] in
            guard let self else { return }
            run { self.store.tick(into: &$0) }
            tickStore()
        }
    }

    private func create(_ m: CreateObject, from: Address) {
        run { directives in
            do {
                let result = try store.create(m.object, size: Int(clamping: m.size), client: from.entity, into: &directives)
                if case .pending(let ticket) = result {
                    pendingCreates[ticket] = (m.request, m.object, from)
                } else {
                    created(result, request: m.request, object: m.object, from: from)
                }
            } catch {
                reply(m.request, m.object, nil, RayflowError(.objectStoreFull, "\(error)"), to: from)
            }
        }
    }

    private func created(_ result: CreateResult, request: UInt64, object: ObjectID, from: Address) {
        switch result {
        case .granted(let place): reply(request, object, place, nil, to: from)
        case .exists(_, isSealed: true): reply(request, object, nil, nil, to: from)
        case .exists(_, isSealed: false):
            // Its room is somebody else's.
            reply(request, object, nil, RayflowError(.objectStoreFull, "object \(object) is being written by another process"), to: from)
        case .full(let report): reply(request, object, nil, RayflowError(.objectStoreFull, "\(report)"), to: from)
        case .pending: break
        }
    }

    private func reply(_ request: UInt64, _ object: ObjectID, _ place: ObjectPlace?, _ error: RayflowError?, to: Address) {
        send(.createReply(CreateReply(request: request, object: object, place: place, error: error.map { ErrorRecord($0) })), to: to)
    }

    private func seal(_ object: ObjectID, client: Address) {
        run { _ = try? store.seal(object, client: client.entity, into: &$0) }
        guard store.lookup(object) != nil else { return }  // its room was taken back: its process counts as gone
        if let pull = pulls[object], pull.source == nil { pulled(object) } else { serveOpens(object) }
    }

    // MARK: Reading

    private func open(_ m: OpenObject, from: Address) {
        if let place = try? store.pin(m.object, client: from.entity) { return opened(m.request, m.object, place, nil, to: from) }
        pendingOpens[m.object, default: []].append((m.request, from))
        pull(m.object, from: m.nodes, owner: m.owner, isDependency: false)
    }

    private func opened(
        _ request: UInt64, _ object: ObjectID, _ place: ObjectPlace?, _ error: ErrorRecord?, lost: [NodeID] = [], to: Address
    ) {
        send(.openReply(OpenReply(request: request, object: object, place: place, error: error, lost: lost)), to: to)
    }

    private func serveOpens(_ object: ObjectID) {
        for (request, from) in pendingOpens.removeValue(forKey: object) ?? [] {
            if let place = try? store.pin(object, client: from.entity) {
                opened(request, object, place, nil, to: from)
            } else {
                opened(request, object, nil, ErrorRecord(.objectLost, "object \(object) was not sealed"), lost: [node], to: from)
            }
        }
    }

    private func fetch(_ dependency: Dependency) {
        if (try? store.pin(dependency.id, client: Self.ownClient)) != nil {
            let id = dependency.id
            return loop.execute { [weak self] in
                guard let self else { return }
                event { $0.dependencyLocal(id, now: self.loop.now, into: &$1) }
            }
        }
        pull(dependency.id, from: dependency.nodes, owner: dependency.owner, isDependency: true)
    }

    // MARK: Transfers: the pulling side

    private struct Pull {
        var owner: Address
        var sources: [NodeID]
        /// Nil while the object is to come from a process of this node, and while a broken connection is given time.
        var source: Address?
        /// The connection to this source broke once.
        var doubted: NodeID?
        /// This node is among those that are said to have a copy.
        var isSaidToBeHere = false
        /// Nodes that have no copy after all, or are gone.
        var lost: [NodeID] = []
        var request: UInt64 = 0
        /// Room was asked for; `ticket` while it has not been granted.
        var hasAskedForRoom = false
        var ticket: UInt64?
        var assembler: ChunkAssembler?
        /// Chunks that came before there was room.
        var early: [(UInt32, [UInt8])] = []
        var chunksHeard: UInt64 = 0
        var isDependency: Bool
    }

    private func pull(_ object: ObjectID, from nodes: [NodeID], owner: Address, isDependency: Bool) {
        if let known = pulls[object] {
            let further = nodes.filter {
                $0 != node && $0 != known.source?.nodeID && !known.sources.contains($0) && !known.lost.contains($0)
            }
            pulls[object]?.sources = further + known.sources
            if nodes.contains(node) { pulls[object]?.isSaidToBeHere = true }
            if isDependency { pulls[object]?.isDependency = true }
            return
        }
        let sources = nodes.filter { $0 != node }
        pulls[object] = Pull(owner: owner, sources: sources, isSaidToBeHere: nodes.contains(node), isDependency: isDependency)
        guard sources.isEmpty, nodes.contains(node) else { return next(object, why: "no node has a copy") }
        awaitSeal(object)
    }

    /// Written here by a process whose seal is still on its way (it may be overtaken by the news of the object), or lost.
    private func awaitSeal(_ object: ObjectID) {
        loop.scheduleTimer(afterNanoseconds: NodeLimits.sealWaitNS) { [weak self] in
            guard let self, let pull = pulls[object], pull.source == nil, pull.doubted == nil else { return }
            next(object, why: "its copy on node \(node) is gone")
        }
    }

    /// The next source, or the end of the attempt. What came from the source before stays: copies of an object are equal.
    ///
    /// - Parameter isLost: the source has no copy, or is gone.
    private func next(_ object: ObjectID, why: String, isLost: Bool = false) {
        guard var pull = pulls[object] else { return }
        pullRequests[pull.request] = nil
        if isLost, let source = pull.source { pull.lost.append(source.nodeID) }
        guard let source = pull.sources.popLast() else {
            if pull.isSaidToBeHere { pull.lost.append(node) }
            return end(
                object, pull, ErrorRecord(.objectLost, "object \(object) is lost: \(why)", reason: pull.lost.isEmpty ? .fetchTimedOut : nil)
            )
        }
        pull.source = .raylet(of: source)
        pull.doubted = nil
        pulls[object] = pull
        ask(object)
    }

    private func ask(_ object: ObjectID) {
        guard let pull = pulls[object], let source = pull.source else { return }
        pulls[object]?.request = nextPull
        pullRequests[nextPull] = object
        nextPull += 1
        send(.pullObject(PullObject(request: nextPull - 1, object: object)), to: source)
        listen(object, request: nextPull - 1, heard: pull.chunksHeard)
    }

    /// No source is left, or nothing would help.
    private func end(_ object: ObjectID, _ pull: Pull, _ error: ErrorRecord) {
        pulls[object] = nil
        pullRequests[pull.request] = nil
        pull.assembler?.abort()
        if let ticket = pull.ticket { abandonedRooms[ticket] = object }
        let lost = error.code == .objectLost ? pull.lost : []
        for (request, from) in pendingOpens.removeValue(forKey: object) ?? [] {
            opened(request, object, nil, error, lost: lost, to: from)
        }
        if pull.isDependency { event { $0.dependencyFailed(object, error, lost: lost, now: self.loop.now, into: &$1) } }
    }

    /// The connection to a source broke. A node that is alive is reached again: it is asked once more.
    private func broken(_ object: ObjectID, _ source: NodeID) {
        guard let pull = pulls[object] else { return }
        pullRequests[pull.request] = nil
        if scheduler.isGone(source) || pull.doubted == source { return next(object, why: "node \(source) is gone", isLost: true) }
        pulls[object]?.doubted = source
        loop.scheduleTimer(afterNanoseconds: NodeLimits.brokenSourceNS) { [weak self] in
            guard let self, let now = pulls[object], now.doubted == source, pullRequests[now.request] == nil else { return }
            ask(object)
        }
    }

    /// A source that says nothing for too long is given up: a node that cannot be reached need not show as disconnected.
    private func listen(_ object: ObjectID, request: UInt64, heard: UInt64) {
        loop.scheduleTimer(afterNanoseconds: pullSilenceNS) { [weak self] in
            guard let self, let pull = pulls[object], pull.request == request else { return }
            if pull.chunksHeard == heard, pull.ticket == nil {
                let node = pull.source?.nodeID ?? node
                let why = "node \(node) has sent nothing for \(pullSilenceNS / 1_000_000) ms"
                return next(object, why: why, isLost: scheduler.isGone(node))
            }
            listen(object, request: request, heard: pull.chunksHeard)
        }
    }

    private func pullFailed(_ m: PullFailed) {
        guard pullRequests[m.request] == m.object else { return }
        next(m.object, why: m.reason, isLost: true)
    }

    private func chunk(_ m: ObjectChunk, from: Address) {
        guard pullRequests[m.request] == m.object, var pull = pulls[m.object], pull.source == from else { return }
        pull.chunksHeard += 1
        if let assembler = pull.assembler {
            pulls[m.object] = pull
            return accept(m.chunk, at: m.index, assembler, m.object)
        }
        pull.early.append((m.index, m.chunk))
        let mustAsk = !pull.hasAskedForRoom
        pull.hasAskedForRoom = true
        pulls[m.object] = pull
        guard mustAsk else { return }
        run { directives in
            let size = Int(clamping: m.totalSize)
            guard let result = try? store.create(m.object, size: size, client: Self.ownClient, into: &directives) else {
                guard let pull = pulls[m.object] else { return }
                return end(m.object, pull, ErrorRecord(.objectStoreFull, "no room here for object \(m.object) of \(size) bytes"))
            }
            if case .pending(let ticket) = result { pulls[m.object]?.ticket = ticket } else { roomForPull(m.object, result) }
        }
    }

    private func roomForPull(_ object: ObjectID, _ result: CreateResult) {
        guard let pull = pulls[object] else { return }
        func giveUp(_ why: String) {
            end(object, pulls[object] ?? pull, ErrorRecord(.objectStoreFull, "no room here for object \(object): \(why)"))
        }
        switch result {
        case .granted(let place):
            guard let window = try? store.arena.openWindow(place) else {
                run { try? store.abort(object, client: Self.ownClient, into: &$0) }
                return giveUp("the store cannot be mapped")
            }
            let assembler = ChunkAssembler(
                ChunkAssembler.Room(memory: window.memory) { [weak self, loop] in
                    // Free again only when no thread writes there any more; what was sealed stays.
                    withExtendedLifetime(window) {}
                    guard let self else { return }
                    loop.execute { [self] in
                        guard store.lookup(object) == nil else { return }
                        run { try? self.store.abort(object, client: Self.ownClient, into: &$0) }
                    }
                })
            pulls[object]?.assembler = assembler
            pulls[object]?.early = []
            for (index, bytes) in pull.early { accept(bytes, at: index, assembler, object) }
        case .exists(_, isSealed: true): pulled(object)
        case .exists(_, isSealed: false):
            // Written here by a process: its seal ends the wait.
            pullRequests[pull.request] = nil
            pulls[object]?.source = nil
            pulls[object]?.doubted = nil
            awaitSeal(object)
        case .full(let report): giveUp("\(report)")
        case .pending: break
        }
    }

    private func accept(_ bytes: [UInt8], at index: UInt32, _ assembler: ChunkAssembler, _ object: ObjectID) {
        let request = pulls[object]?.request
        io.run { [self] in
            let failure: String?
            do {
                _ = try assembler.accept(bytes, at: Int(index))
                failure = nil
            } catch { failure = "\(error)" }
            loop.execute { [self] in
                guard let pull = pulls[object], pull.assembler === assembler else { return }
                if let failure {
                    if pull.request == request { next(object, why: failure, isLost: true) }
                    return
                }
                if assembler.isComplete, assembler.finish() {
                    run { _ = try? store.seal(object, client: Self.ownClient, into: &$0) }
                    pulled(object)
                }
            }
        }
    }

    private func pulled(_ object: ObjectID) {
        guard let pull = pulls.removeValue(forKey: object) else { return }
        pullRequests[pull.request] = nil
        if pull.isDependency {
            _ = try? store.pin(object, client: Self.ownClient)
            event { $0.dependencyLocal(object, now: self.loop.now, into: &$1) }
        }
        if pull.source != nil { send(.objectCopied(ObjectCopied(object: object, node: node)), to: pull.owner) }
        serveOpens(object)
    }

    // MARK: Transfers: the pushing side

    private func push(_ m: PullObject, to: Address) {
        guard let place = try? store.pin(m.object, client: Self.ownClient), let bytes = try? store.arena.view(place) else {
            return send(.pullFailed(PullFailed(request: m.request, object: m.object, reason: "node \(node) has no copy")), to: to)
        }
        let source = UncheckedBytes(bytes)
        io.run { [self] in
            let reader = ChunkReader(source.bytes)
            for index in 0..<reader.plan.count {
                let message = ObjectChunk(
                    request: m.request, object: m.object, index: UInt32(index), count: UInt32(reader.plan.count),
                    totalSize: UInt64(reader.plan.totalSize), chunk: reader.chunk(at: index).encoded)
                loop.execute { self.send(.objectChunk(message), to: to) }
            }
            loop.execute { [self] in run { try? store.unpin(m.object, client: Self.ownClient, into: &$0) } }
        }
    }
}

/// Pages that a pin keeps where they are.
private struct UncheckedBytes: @unchecked Sendable {
    let bytes: UnsafeRawBufferPointer
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }
}

/// Bounds of a node's shell.
enum NodeLimits {
    /// How long a reader waits for the seal of an object that its owner has announced already.
    static let sealWaitNS: UInt64 = 2_000_000_000
    /// How long the frames of a process that has exited are read before its end counts in any case.
    static let lastWordsNS: UInt64 = 1_000_000_000
    /// Pause before a source whose connection broke is asked again.
    static let brokenSourceNS: UInt64 = 50_000_000
    /// How long another node may be silent in the middle of a transfer until it counts as unreachable.
    static let pullSilenceNS: UInt64 = 10_000_000_000
}
