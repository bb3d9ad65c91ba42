public import Rayflow
public import Testing

/// Gives each test, or each of its cases, a ``TestCluster`` of its own: calls inside go there.
///
///     @Test("adds", .cluster(nodes: 2, Demo.remotes))
///     func adds() async throws { #expect(try await Demo.add.remote(1, 2).get() == 3) }
public struct ClusterTrait: TestTrait, TestScoping {
    let nodes: [[String: Double]]
    let remotes: Registry

    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let cluster = try await TestCluster(nodes: nodes, remotes)
        do { try await cluster.cluster.run { try await function() } } catch {
            await cluster.shutDown()
            throw error
        }
        await cluster.shutDown()
    }
}

extension Trait where Self == ClusterTrait {
    /// - Parameter nodes: with two CPUs each.
    public static func cluster(nodes: Int = 1, _ remotes: Registry) -> Self {
        cluster(nodes: Array(repeating: ["CPU": 2], count: nodes), remotes)
    }

    /// - Parameter nodes: for each node its logical resources by name.
    public static func cluster(nodes: [[String: Double]], _ remotes: Registry) -> Self { ClusterTrait(nodes: nodes, remotes: remotes) }
}
