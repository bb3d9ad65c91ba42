import GCS
import Rayflow
import RayflowCore
import Synchronization
import Transport

/// The GCS of a ``TestCluster``: it comes and goes, its store stays.
final class TestGCS: Sendable {
    private let network: MemoryNetwork
    private let drivers: Mutex<[(job: JobID, driver: Address)]>
    private let store = MemoryStoreClient()
    private let running = Mutex<GCSShell?>(nil)

    init(network: MemoryNetwork, job: JobID, driver: Address) {
        self.network = network
        drivers = Mutex([(job, driver)])
    }

    func start() throws {
        try network.loop.sync { [self] in
            guard running.withLock({ $0 == nil }) else { return }
            let gcs = try GCSShell(network: network, log: nil, store: store)
            running.withLock { $0 = gcs }
            network.attach(.gcs, handler: gcs)
            gcs.start()
            for (job, driver) in drivers.withLock({ $0 }) { gcs.jobStarted(job, driver: driver) }
        }
    }

    /// A further driver is there.
    func jobStarted(_ job: JobID, driver: Address) throws {
        try network.loop.sync { [self] in
            drivers.withLock { $0.append((job, driver)) }
            running.withLock { $0 }?.jobStarted(job, driver: driver)
        }
    }

    /// It is known that the node is dead: nobody waits for it to come back.
    func nodeDied(_ node: NodeID) {
        network.loop.execute { [self] in running.withLock { $0 }?.nodeDied(node) }
    }

    func jobEnded(_ job: JobID) { drivers.withLock { $0.removeAll { $0.job == job } } }

    func stop() throws {
        try network.loop.sync { [self] in
            guard let gcs = running.withLock({ $0.take() }) else { return }
            gcs.end()
            network.detach(.gcs)
        }
    }
}
