import Rayflow
import RayflowTestKit
import Testing

/// Bits that change on their way between nodes, or in the memory of the node that sends.
@Suite("Frames that change on their way", .serialized, .timeLimit(.minutes(5)))
struct FrameFaultTests {
    private static let count = 30_000_000 / 8

    private func withNodes(_ count: Int, _ body: (TestCluster) async throws -> Void) async throws {
        let others = Array(repeating: ["CPU": 2, "special": 100.0], count: count - 1)
        try await run(TestCluster(nodes: [["CPU": 2, "home": 100]] + others, remotes), body)
    }

    @Test("chunks of which one in five changes come again, byte for byte, from the only node that has them", arguments: UInt64(1)...6)
    func chunks(seed: UInt64) async throws {
        try await withNodes(2) { cluster in
            let put = try cluster.cluster.put(noise(Self.count, seed: seed))
            let made = Remote.makeNoise.options(resources: special, maxRetries: 0).remote(Self.count, seed &+ 50)
            _ = try await cluster.cluster.wait([made])
            for node in 0...1 { try cluster.inject("seed=\(seed); flip kind=129 p=0.2", at: node) }
            let sum = try await Remote.sum.options(resources: special, maxRetries: -1).remote(put.view()).get()
            #expect(sum == noise(Self.count, seed: seed).reduce(0, &+))
            let isEqual = try await made.get() == noise(Self.count, seed: seed &+ 50)
            #expect(isEqual)
        }
    }

    @Test("chunks that are damaged in the sender's memory are told by their own checksums and asked for again", arguments: UInt64(1)...6)
    func corrupted(seed: UInt64) async throws {
        try await withNodes(2) { cluster in
            let put = try cluster.cluster.put(noise(Self.count, seed: seed))
            // Two one after the other, of which the second may be unwanted already, and one later.
            try cluster.inject("seed=\(seed); corrupt kind=129 skip=1 count=2; corrupt kind=129 skip=4 count=1", at: 0)
            let sum = try await Remote.sum.options(resources: special, maxRetries: 0).remote(put.view()).get()
            #expect(sum == noise(Self.count, seed: seed).reduce(0, &+))
            #expect(try cluster.transfers(of: 1).faulty >= 1)
        }
    }

    @Test("a node whose chunks all change is left for another one that has the object", arguments: ["flip", "corrupt"])
    func otherSource(_ fault: String) async throws {
        try await withNodes(3) { cluster in
            let put = try cluster.cluster.put(noise(Self.count, seed: 4))
            let sum = noise(Self.count, seed: 4).reduce(0, &+)
            // One node gets a copy before the other's line goes bad.
            #expect(try await Remote.sum.options(resources: special).remote(put.view()).get() == sum)
            let copy = try #require(cluster.copies(of: put).first { $0 != 0 }), reader = 3 - copy
            try cluster.inject("\(fault) kind=129", at: 0)
            let there = Remote.read.options(resources: special, maxRetries: -1, placement: .node(cluster.node(reader)))
            let read = try await there.remote([put]).get()
            #expect(read == sum)
        }
    }

    @Test("when no copy comes through, what was put is lost by name and says what came")
    func noSource() async throws {
        try await withNodes(2) { cluster in
            let put = try cluster.cluster.put(noise(Self.count, seed: 4))
            try cluster.inject("corrupt kind=129", at: 0)
            let outcome = await Remote.sum.options(resources: special, maxRetries: 0).remote(put.view()).outcome()
            guard case .failure(let error) = outcome else {
                Issue.record("damaged chunks made an object")
                return
            }
            #expect(error.code == .objectLost && error.reason == .put, "\(error)")
            #expect(error.message.contains("checksum") && error.message.contains("again and again"), "\(error)")
        }
    }

    /// By kind, and which node sends it: the driver's is 0.
    @Test(
        "whichever frame changes, what was asked is asked again, and every task and read ends with its value",
        arguments: [(10, 0), (11, 1), (2, 0), (3, 1), (14, 0), (41, 1), (28, 0), (28, 1), (57, 0), (57, 1), (58, 0), (58, 1), (37, 1)])
    func anyKind(kind: Int, sender: Int) async throws {
        try await withNodes(2) { cluster in
            let put = try cluster.cluster.put(noise(200_000, seed: 6))
            try cluster.inject("seed=\(kind); flip kind=\(kind) count=1", at: sender)
            for round in 0..<2 as Range<UInt64> {
                let refs = (0..<10).map { _ in Remote.whereAmI.on(cluster.cluster).options(resources: ["special": 1]).remote() }
                let made = Remote.makeNoise.options(resources: special).remote(200_000, round)
                let sum = Remote.sum.options(resources: special).remote(put.view())
                for place in try await cluster.cluster.get(refs) { #expect(place == "\(cluster.node(1))") }
                #expect(try await sum.get() == noise(200_000, seed: 6).reduce(0, &+))
                let isEqual = try await made.get() == noise(200_000, seed: round)
                #expect(isEqual)
            }
        }
    }

    @Test("with one frame in a hundred changed in all directions, tasks and reads all end with their values", arguments: UInt64(1)...10)
    func storm(seed: UInt64) async throws {
        try await withNodes(3) { cluster in
            for node in 0...2 { try cluster.inject("seed=\(seed &* 3 &+ UInt64(node)); flip p=0.01", at: node) }
            let made = (0..<12 as Range<UInt64>).map { Remote.makeNoise.options(resources: special, maxRetries: -1).remote(100_000, $0) }
            let sums = made.map { Remote.sum.options(resources: special, maxRetries: -1).remote($0.view()) }
            let squares = (0..<100).map { Remote.square.options(resources: special, maxRetries: -1).remote($0) }
            #expect(try await cluster.cluster.get(squares) == (0..<100).map { $0 * $0 })
            for (number, sum) in zip((0 as UInt64)..., sums) { #expect(try await sum.get() == noise(100_000, seed: number).reduce(0, &+)) }
            for (number, ref) in zip((0 as UInt64)..., made) {
                let isEqual = try await ref.get() == noise(100_000, seed: number)
                #expect(isEqual)
            }
            for node in 0...2 { try cluster.inject("", at: node) }
        }
    }
}
