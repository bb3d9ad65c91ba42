/// What a cluster is started with.
package struct ClusterConfiguration: Sendable {
    package var registry: Registry
    /// Of a cluster of daemons, `HOST:PORT`; nil: one that lives in this process.
    package var address: String?
    /// Logical resources of the embedded node by name (`CPU`, `GPU`, `memory` or custom); nil or absent: what the machine has.
    package var resources: [String: Double]?
    /// Of the embedded node.
    package var labels: [String: String]
    package var run: RunMode
    package var workers: WorkerMode
    package var memoryMonitor: MemoryMonitorOptions
    package var objectStore: ObjectStoreOptions

    package init(
        registry: Registry, address: String? = nil, resources: [String: Double]? = nil, labels: [String: String] = [:],
        run: RunMode = .ephemeral,
        workers: WorkerMode = .processes, memoryMonitor: MemoryMonitorOptions = MemoryMonitorOptions(),
        objectStore: ObjectStoreOptions = ObjectStoreOptions()
    ) {
        self.registry = registry
        self.address = address
        self.resources = resources
        self.labels = labels
        self.run = run
        self.workers = workers
        self.memoryMonitor = memoryMonitor
        self.objectStore = objectStore
    }
}
