import Rayflow
import RayflowTestKit
import Testing

@Suite("The cluster trait")
struct TraitTests {
    @Test("calls in a test with the trait go to a cluster of its own", .cluster(nodes: 2, remotes), arguments: 1...3)
    func ownCluster(number: Int) async throws { #expect(try await Remote.square.remote(number).get() == number * number) }

    @Test("nodes may have resources of their own", .cluster(nodes: [["CPU": 1], ["CPU": 1, "special": 2]], remotes))
    func resources() async throws { #expect(try await Remote.square.options(resources: special).remote(5).get() == 25) }
}
