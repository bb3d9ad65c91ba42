import ObjectStore
import Rayflow
import Raylet
import RayflowCore
import Transport

/// One node of a ``TestCluster``: loop, network, store, raylet and workers.
final class TestNode: Sendable {
    let id: NodeID
    let loop: Loop
    let network: MemoryNetwork
    let arena: Arena
    let io: IOPool
    let traffic: NodeTraffic
    /// For all drivers and workers of the node: they are one process.
    let page: PinPage?
    private let raylet: RayletShell
    private let workers: InProcessWorkers

    init(
        _ id: NodeID, of count: Int, resources: ResourceSet, labels: [String: String], hub: MemoryHub, remotes: Registry, driver: Address,
        storeBytes: Int, objectStore: ObjectStoreOptions,
        silence: Duration, complete: @escaping @Sendable () -> Void
    ) throws {
        self.id = id
        loop = Loop()
        network = hub.network(on: loop)
        io = IOPool()
        let slabs = max(1, (storeBytes - 1) / TestKitLimits.slabBytes + 1)
        do {
            arena = try Arena.create(
                geometry: try ArenaGeometry(slabSize: TestKitLimits.slabBytes, slabCount: slabs), nonce: .random())
        } catch { throw RayflowError(.system, "the object store cannot be made: \(error)") }
        workers = InProcessWorkers(
            network: network, arena: arena, node: id, registry: remotes, epoch: 1, driver: driver, log: { nil })
        raylet = try RayletShell(
            node: id, resources: resources, network: network, arena: arena, io: io, spawner: workers, stepHost: nil,
            labels: labels, objectStore: try ObjectStoreSettings.checked(objectStore))
        page = raylet.pinPage(for: RayletShell.ownClient)
        workers.page = page
        let (seconds, attoseconds) = silence.components
        raylet.pullSilenceNS = UInt64(max(seconds, 0)) * 1_000_000_000 + UInt64(max(attoseconds, 0) / 1_000_000_000)
        traffic = NodeTraffic(raylet, nodes: count, complete)
    }

    func join() throws {
        try loop.sync { [self] in
            network.attach(.raylet(of: id), handler: traffic)
            raylet.register()
        }
    }

    func storedBytes() throws -> Int { try loop.sync { [raylet] in raylet.statistics.usedBytes + raylet.statistics.spillBytes } }

    func transfers() throws -> NodeTransfers { NodeTransfers(try loop.sync { [raylet] in raylet.transfers }) }
    func limitPushes(to bytes: Int) throws { try loop.sync { [raylet] in raylet.limitPushes(to: bytes) } }

    func tiers() throws -> StoreTiers {
        let numbers = try loop.sync { [raylet] in raylet.statistics }
        return StoreTiers(
            capacityBytes: numbers.capacityBytes, memoryBytes: numbers.usedBytes, diskBytes: numbers.spillBytes,
            packed: numbers.packed, spilled: numbers.spilled, restored: numbers.restored, dropped: numbers.dropped)
    }

    func end() {
        try? loop.sync { [self] in network.close() }
        workers.endAll()
        loop.shutdown()
        raylet.close()
        io.close()
    }
}
