internal import GCS
internal import ObjectStore
internal import Ownership
public import Rayflow
internal import Raylet
internal import RayflowCore
internal import Synchronization
internal import Transport

/// A cluster of several nodes in one process, for tests: production GCS, raylets, owners and object stores, each node on an event loop of its
/// own, joined by an in-memory network that carries encoded frames. Bodies run in this process.
///
///     let cluster = try await TestCluster(nodes: [["CPU": 2], ["CPU": 2, "special": 1]], Demo.remotes)
///     let sum = try await Demo.add.on(cluster.cluster).remote(1, 2).get()
///     await cluster.shutDown()
///
/// The driver lives on node 0.
public final class TestCluster: Sendable {
    /// What calls go to: `f.on(cluster)`, or `cluster.run { … }`.
    public let cluster: Cluster
    private let nodes: [TestNode]
    private let hub: MemoryHub
    private let control: Loop
    private let gcs: TestGCS
    private let core: CoreWorker
    private let remotes: Registry
    private let others = Mutex<[CoreWorker]>([])
    private let hasEnded = Atomic<Bool>(false)

    /// Starts the nodes and returns when each knows of all others.
    ///
    /// - Parameters:
    ///   - nodes: for each node its logical resources by name. `CPU` is what was given, not what the machine has.
    ///   - labels: of each node; of those for which none are given: none.
    ///   - remotes: all that can be called.
    ///   - storeBytes: size of each node's object store, rounded up to 32 MiB.
    ///   - objectStore: where each node's store spills and how long it waits; its size is `storeBytes`.
    ///   - lineageBytes: of finished tasks that the driver keeps to make lost objects again; nil: as in production.
    ///   - silence: how long a node may be silent in the middle of a transfer until it counts as unreachable.
    /// - Throws: `invalidRegistry`, `invalidArgument` for impossible resources or no node at all, `system` when shared memory is refused.
    public init(
        nodes resources: [[String: Double]], labels: [[String: String]] = [], _ remotes: Registry,
        storeBytes: Int = TestKitLimits.storeBytes, objectStore: ObjectStoreOptions = ObjectStoreOptions(),
        silence: Duration = TestKitLimits.silence, lineageBytes: Int? = nil
    ) async throws {
        try remotes.check()
        guard !resources.isEmpty else { throw RayflowError(.invalidArgument, "a cluster of no nodes") }
        let hub = MemoryHub(), job = JobID(.random(in: 1 ... .max))
        let ids = resources.map { _ in NodeID(.random(in: 1 ... .max)) }
        let driver = Address.process(id: .random(in: 1 ... .max) | 1 << 63, on: ids[0])
        let isComplete = Gathering(count: ids.count)
        var nodes: [TestNode] = []
        for (index, (id, amounts)) in zip(ids, resources).enumerated() {
            nodes.append(
                try TestNode(
                    id, of: ids.count, resources: try ResourceSet(amounts), labels: index < labels.count ? labels[index] : [:], hub: hub,
                    remotes: remotes, driver: driver,
                    storeBytes: storeBytes, objectStore: objectStore, silence: silence
                ) { isComplete.arrive() })
        }
        let home = nodes[0]
        let core = CoreWorker(
            identity: .init(job: job, node: home.id, address: driver, epoch: 1, isDurable: false, journalKeeper: driver),
            network: home.network, objects: ObjectClient(arena: home.arena, node: home.id, page: home.page), io: home.io,
            log: nil, root: .none)
        if let lineageBytes { core.step { owner, _ in owner.lineageLimit = lineageBytes } }
        let control = Loop()
        let network = hub.network(on: control)
        let gcs = TestGCS(network: network, job: job, driver: driver)
        try gcs.start()
        try home.loop.sync { home.network.attach(driver, handler: core) }
        for node in nodes { try node.join() }
        await isComplete.wait()

        self.hub = hub
        self.nodes = nodes
        self.control = control
        self.core = core
        self.gcs = gcs
        self.remotes = remotes
        cluster = Cluster(engine: core, registry: remotes)
        core.keepAlive(gcs)
        core.register(remotes)
        core.onShutDown { [weak self] in self?.end() }
    }

    /// Another driver, with a job of its own, on node 0. Its `shutDown()` ends that job and leaves the cluster.
    public func connect() async throws -> Cluster {
        guard !hasEnded.load(ordering: .relaxed) else { throw RayflowError(.shutDown, "the cluster has been shut down") }
        let home = nodes[0], job = JobID(.random(in: 1 ... .max))
        let driver = Address.process(id: .random(in: 1 ... .max) | 1 << 63, on: home.id)
        let core = CoreWorker(
            identity: .init(job: job, node: home.id, address: driver, epoch: 1, isDurable: false, journalKeeper: driver),
            network: home.network, objects: ObjectClient(arena: home.arena, node: home.id, page: home.page), io: home.io,
            log: nil, root: .none)
        try gcs.jobStarted(job, driver: driver)
        try home.loop.sync { home.network.attach(driver, handler: core) }
        core.keepAlive(self)
        core.register(remotes)
        others.withLock { $0.append(core) }
        core.onShutDown { [weak self, weak core] in
            guard let self, let core else { return }
            let isOpen = others.withLock { others in
                defer { others.removeAll { $0 === core } }
                return others.contains { $0 === core }
            }
            guard isOpen else { return }
            try? home.loop.sync {
                core.send(.jobEnded(JobEnded(job: job)), to: .gcs)
                home.network.flush()
                core.close()
                home.network.detach(driver)
            }
        }
        return Cluster(engine: core, registry: remotes)
    }

    /// How many nodes there are, dead ones included.
    public var count: Int { nodes.count }

    /// The identity of a node, as `TaskContext.current?.node` shows it to bodies.
    public func node(_ index: Int) -> NodeID { nodes[index].id }

    /// Bytes of object chunks that this node has received so far, as they were on the wire.
    public func bytesPulled(by index: Int) -> Int { nodes[index].traffic.chunkBytes }

    /// What the tiers of the node's object store hold and have moved so far.
    public func tiers(of index: Int) throws -> StoreTiers { try nodes[index].tiers() }

    /// Bytes of the node's object store that are in use, in memory and on disk.
    public func storedBytes(on index: Int) throws -> Int { try nodes[index].storedBytes() }

    /// Object chunks that this node has received so far.
    public func chunksPulled(by index: Int) -> Int { nodes[index].traffic.chunks }

    /// What of objects goes to the node and from it, and what has gone so far.
    public func transfers(of index: Int) throws -> NodeTransfers { try nodes[index].transfers() }

    /// The refs, in the order in which their first chunks have come to the node; those of which none has come are left out.
    public func pulled<Value>(_ refs: [ObjectRef<Value>], by index: Int) -> [ObjectRef<Value>] {
        nodes[index].traffic.objects.compactMap { id in refs.first { $0.id == id } }
    }

    /// The node sends chunks of objects, or stops until it is told to go on.
    public func setSending(_ isSending: Bool, of index: Int) throws {
        try nodes[index].limitPushes(to: isSending ? TransferLimits.outgoingBytes : 0)
    }

    /// The nodes that have a copy of a large object, as far as the driver has been told.
    public func copies<Value>(of ref: ObjectRef<Value>) -> [Int] {
        guard case .stored(let holders, _, _, _)? = core.state(of: ref.id) else { return [] }
        return nodes.indices.filter { holders.contains(nodes[$0].id) }
    }

    /// The node dies at once: its raylet and its workers are gone for all others.
    public func kill(_ index: Int) {
        let id = nodes[index].id
        hub.kill(.raylet(of: id))
        gcs.nodeDied(id)
    }

    /// The node loses its copy of an object, if it has one; nobody is told.
    public func loseCopy<Value>(of ref: ObjectRef<Value>, on index: Int) throws {
        let id = ref.id, raylet = Address.raylet(of: nodes[index].id), network = nodes[index].network
        try network.loop.sync { [core] in
            let message = DeleteObjects(objects: [id])
            network.send(kind: DeleteObjects.kind, body: Message.deleteObjects(message).wire.body, from: core.address, to: raylet)
        }
    }

    /// The GCS dies at once; what it has stored stays. Tasks, actors and objects go on, what needs the GCS waits for ``startGCS()``.
    public func stopGCS() throws { try gcs.stop() }

    /// A GCS starts on what the last one has stored, in a new epoch. Does nothing while one is there.
    public func startGCS() throws { try gcs.start() }

    public func restartGCS() throws {
        try stopGCS()
        try startGCS()
    }

    /// Rows of a table of the cluster's state, as `rayflow state` shows them.
    /// - Throws: `invalidArgument` for a table or a field that there is not.
    public func rows(of table: String, where fields: [String: String] = [:]) async throws(RayflowError) -> [JSONObject] {
        guard let table = StateAccessor.Table(rawValue: table) else {
            throw RayflowError(.invalidArgument, "there is no table \(table)")
        }
        return try await StateAccessor(core: core).list(table, filters: fields.map { RowFilter(field: $0.key, value: $0.value) }).rows
    }

    /// The names of the living actors, each time that an actor has changed; the present ones first.
    public func watchActors() -> AsyncStream<Set<String>> {
        let rows = GCSClient(core).actors.watch()
        let (stream, continuation) = AsyncStream.makeStream(of: Set<String>.self, bufferingPolicy: .bufferingNewest(1))
        let forwarding = Task {
            for await rows in rows { continuation.yield(Set(rows.filter { $0.state == .alive }.map(\.name))) }
            continuation.finish()
        }
        continuation.onTermination = { _ in forwarding.cancel() }
        return stream
    }

    /// Frames between the two nodes vanish; neither is told.
    public func partition(_ a: Int, _ b: Int) { hub.partition(.raylet(of: nodes[a].id), .raylet(of: nodes[b].id)) }

    public func heal(_ a: Int, _ b: Int) { hub.heal(.raylet(of: nodes[a].id), .raylet(of: nodes[b].id)) }

    /// Lets faults happen to what the node sends to others from now on; an empty text: none.
    ///
    /// Rules are separated by `;`, by kind of message: `drop kind=129 skip=2`, `delay kind=3,4 by=5ms..20ms p=0.25`, `reorder by=1ms`,
    /// `duplicate kind=9`, `disconnect kind=2 count=1`, `flip kind=129 p=0.1` (a bit changes on the way), `corrupt kind=129` (a bit of the
    /// body has changed before), `seed=7`. Kind 129 are chunks of objects.
    ///
    /// - Throws: `invalidArgument` for a text that is not of this form.
    public func inject(_ faults: String, at index: Int) throws {
        let injector: FaultInjector?
        do { injector = faults.isEmpty ? nil : try FaultInjector(parsing: faults) } catch {
            throw RayflowError(.invalidArgument, "\(error)")
        }
        let network = nodes[index].network
        try network.loop.sync { network.inject(injector) }
    }

    /// Ends all nodes. What still waits fails with `shutDown`. Later calls do nothing.
    public func shutDown() async { await cluster.shutDown() }

    private func end() {
        guard !hasEnded.exchange(true, ordering: .relaxed) else { return }
        let others = others.withLock { others in
            defer { others = [] }
            return others
        }
        try? nodes[0].loop.sync { [core] in for core in others + [core] { core.close() } }
        for node in nodes { node.end() }
        control.shutdown()
    }

    deinit { end() }
}

/// Every bound of the test kit, with its unit.
public enum TestKitLimits {
    /// Bytes of a test node's object store.
    public static let storeBytes = 256 << 20
    /// How long a test node may be silent in the middle of a transfer.
    public static let silence = Duration.seconds(10)
    static let slabBytes = 32 << 20
}
