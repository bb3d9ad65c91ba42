import Rayflow
import RayflowTestKit
import Testing

/// A frame is lost only with its connection, as on a socket.
@Suite("Lost frames between nodes")
struct LostFrameTests {
    struct Loss: Sendable, CustomTestStringConvertible {
        var name: String
        /// Of the frame on the wire.
        var kind: Int
        /// Which node sends it: the driver's is 0.
        var sender: Int
        var testDescription: String { name }
    }

    @Test(
        "whichever request or answer is lost, tasks on the other node end with their values, and so do those after them",
        arguments: [
            Loss(name: "a request for a worker", kind: 10, sender: 0), Loss(name: "the grant", kind: 11, sender: 1),
            Loss(name: "a push", kind: 2, sender: 0), Loss(name: "a reply", kind: 3, sender: 1),
            Loss(name: "the return of a worker", kind: 14, sender: 0), Loss(name: "a report of what is free", kind: 41, sender: 1),
        ])
    func tasks(_ loss: Loss) async throws {
        let cluster = try await TestCluster(nodes: [["CPU": 2], ["CPU": 2, "special": 100]], remotes)
        try cluster.inject("disconnect kind=\(loss.kind) count=1", at: loss.sender)
        for _ in 0..<2 {
            let refs = (0..<20).map { _ in Remote.whereAmI.on(cluster.cluster).options(resources: ["special": 1]).remote() }
            for place in try await cluster.cluster.get(refs) { #expect(place == "\(cluster.node(1))") }
        }
        await cluster.shutDown()
    }
}
