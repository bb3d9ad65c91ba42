public import RayflowCore

extension Cluster {
    /// What the object stores of all nodes hold, who keeps it, and what is on its way between nodes: what `rayflow memory --json` shows.
    ///
    /// Sizes are in bytes, times in seconds. The members are described on the page "RayflowCLI". Nodes and processes that do not answer in
    /// time are named as such. It costs each process a look through its tables, so it is for people and tests, not for a loop.
    ///
    /// - Parameters:
    ///   - limit: objects at most, from 1 to 10,000. Sums are of all objects.
    ///   - order: which objects come first.
    /// - Throws: `invalidArgument` for an impossible limit, `shutDown`, `noCluster`.
    public func memory(limit: Int = 1_000, sortedBy order: MemoryOrder = .raw) async throws -> JSON {
        try await engine.memory(limit: limit, order: order)
    }
}
