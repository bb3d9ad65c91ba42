import RayflowCore

extension Cluster {
    @TaskLocal static var scoped: Cluster?

    /// The cluster to which calls go here, if it can be told.
    /// - Throws: `noCluster`.
    public static var current: Cluster {
        get throws {
            let cluster = target(nil)
            if let absent = cluster.engine as? AbsentEngine { throw RayflowError(absent.error) }
            return cluster
        }
    }

    /// Everything inside goes to this cluster, also from child tasks: for programs with several, and for tests.
    public func run<R>(isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> R) async rethrows -> R {
        try await Self.$scoped.withValue(self, operation: body, isolation: isolation)
    }

    /// Where a call goes. Without a cluster it goes to one whose every ref fails.
    static func target(_ explicit: Cluster?) -> Cluster {
        if let cluster = explicit ?? TaskContext.current?.cluster ?? scoped { return cluster }
        switch ClusterList.shared.choice {
        case .one(let cluster): return cluster
        case .none: return none
        case .several: return several
        }
    }

    private static let none = Cluster(
        engine: AbsentEngine(
            ErrorRecord(.noCluster, "no cluster has been started: call Cluster.start(remotes) first, or name one with on(cluster)")),
        registry: Registry(), isListed: false)
    private static let several = Cluster(
        engine: AbsentEngine(
            ErrorRecord(.noCluster, "several clusters live in this process: name one with on(cluster), or call inside cluster.run { … }")),
        registry: Registry(), isListed: false)
}
