import RayflowCore

extension Cluster {
    /// Starts a cluster inside this process, or joins one of daemons.
    ///
    /// In a program without ``RayflowApp`` this is the first thing to call: in a worker process it never returns.
    ///
    /// - Parameters:
    ///   - remotes: all that can be called from afar.
    ///   - address: `HOST:PORT` of a cluster of daemons; none by default.
    ///   - resources: logical resources of the embedded node by name, such as `["CPU": 8]`; what the machine has by default.
    ///   - labels: of the embedded node, for `placement: .labels(…)`.
    ///   - run: whether the run is kept and can be resumed.
    ///   - workers: where bodies run.
    ///   - memoryMonitor: what is done when the node runs short of memory.
    ///   - objectStore: size of the embedded node's object store, and where it spills.
    /// - Throws: `invalidRegistry` with every fault of the declarations; `system` and others when the start fails.
    public static func start(
        _ remotes: Registry, address: String? = nil, resources: [String: Double]? = nil, labels: [String: String] = [:],
        run: RunMode = .ephemeral, workers: WorkerMode = .processes, memoryMonitor: MemoryMonitorOptions = MemoryMonitorOptions(),
        objectStore: ObjectStoreOptions = ObjectStoreOptions()
    ) async throws -> Cluster {
        RoleDispatch.takeRoleIfAsked(remotes)
        try remotes.check()
        let configuration = ClusterConfiguration(
            registry: remotes, address: address, resources: resources, labels: labels, run: run, workers: workers,
            memoryMonitor: memoryMonitor, objectStore: objectStore)
        return Cluster(engine: try await EngineBoot.start(configuration), registry: remotes)
    }
}

extension Registry {
    /// - Throws: `invalidRegistry` with every fault.
    package func check() throws(RayflowError) {
        guard !problems.isEmpty else { return }
        throw RayflowError(.invalidRegistry, problems.joined(separator: "; "))
    }
}
