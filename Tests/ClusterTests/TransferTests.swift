import Rayflow
import RayflowTestKit
import Testing

@Suite("Objects between nodes", .serialized)
struct TransferTests {
    private static let count = 20_000_000 / 8
    private static let rawBytes = count * 8

    @Test("a large result is pulled back in compressed chunks of 5 MiB, byte for byte")
    func compressible() async throws {
        try await withTwoNodes { cluster in
            let ref = Remote.makePattern.options(resources: special).remote(Self.count, 7)
            let values = try await ref.get()
            #expect(values == pattern(Self.count, seed: 7))
            #expect(cluster.chunksPulled(by: 0) == Self.rawBytes / (5 << 20) + 1)
            #expect(cluster.bytesPulled(by: 0) < Self.rawBytes / 4)
            #expect(cluster.chunksPulled(by: 1) == 0)
            #expect(try await ref.get() == values)
            #expect(cluster.chunksPulled(by: 0) == Self.rawBytes / (5 << 20) + 1, "the second read finds the copy")
        }
    }

    @Test("what cannot be compressed comes as it is, byte for byte")
    func incompressible() async throws {
        try await withTwoNodes { cluster in
            let values = try await Remote.makeNoise.options(resources: special).remote(Self.count, 3).get()
            #expect(values == noise(Self.count, seed: 3))
            let bytes = cluster.bytesPulled(by: 0)
            #expect(bytes >= Self.rawBytes && bytes < Self.rawBytes + 4096)
        }
    }

    @Test("a large argument is brought to the node of the task once, however many tasks there want it")
    func arguments() async throws {
        try await withTwoNodes { cluster in
            let values = noise(Self.count, seed: 5)
            let put = try cluster.cluster.put(values)
            let sums = (0..<6).map { _ in Remote.sum.options(resources: special).remote(put.view()) }
            let expected = values.reduce(0, &+)
            for sum in try await cluster.cluster.get(sums) { #expect(sum == expected) }
            #expect(cluster.chunksPulled(by: 1) == Self.rawBytes / (5 << 20) + 1)
            #expect(cluster.chunksPulled(by: 0) == 0)
        }
    }

    @Test("arguments from two nodes meet on one of them")
    func mixed() async throws {
        try await withTwoNodes { cluster in
            let here = try cluster.cluster.put(noise(Self.count, seed: 1))
            let there = Remote.makePattern.options(resources: special).remote(Self.count, 2)
            let mixed = try await Remote.mix.options(resources: ["home": 1]).remote(here.view(), there.view()).get()
            #expect(mixed == zip(noise(Self.count, seed: 1), pattern(Self.count, seed: 2)).map { $0 &+ $1 })
        }
    }

    @Test("refs inside a value are read where they are needed, over the network")
    func borrowed() async throws {
        try await withTwoNodes { cluster in
            let refs = try (0..<3).map { try cluster.cluster.put(noise(300_000, seed: UInt64($0))) }
            let expected = (0..<3).reduce(UInt64(0)) { $0 &+ noise(300_000, seed: UInt64($1)).reduce(0, &+) }
            #expect(try await Remote.read.options(resources: special).remote(refs).get() == expected)
        }
    }

    @Test("a connection that breaks in the middle of a transfer is made again")
    func broken() async throws {
        try await withTwoNodes { cluster in
            let ref = Remote.makeNoise.options(resources: special, maxRetries: 0).remote(Self.count, 3)
            _ = try await cluster.cluster.wait([ref])
            try cluster.inject("disconnect kind=129 skip=2 count=1", at: 1)
            let isEqual = try await ref.get() == noise(Self.count, seed: 3)
            #expect(isEqual)
        }
    }

    @Test("a node that falls silent in the middle of a transfer is a typed error, never a wait without end")
    func silent() async throws {
        try await withTwoNodes(silence: .milliseconds(300)) { cluster in
            let ref = Remote.makeNoise.options(resources: special).remote(Self.count, 3)
            _ = try await cluster.cluster.wait([ref])
            try cluster.inject("drop kind=129 skip=2", at: 1)
            let failure = await #expect(throws: RayflowError.self) { try await ref.get() }
            #expect(failure?.code == .objectLost)
            #expect(failure?.message.contains("has sent nothing") == true)
            try cluster.inject("", at: 1)
            #expect(try await ref.get() == noise(Self.count, seed: 3), "the copy is there: a later read brings it")
        }
    }

    @Test("a node that is cut off before a transfer is a typed error, for reads and for tasks that need the object")
    func partition() async throws {
        try await withTwoNodes(silence: .milliseconds(300)) { cluster in
            let ref = Remote.makeNoise.options(resources: special).remote(Self.count, 3)
            _ = try await cluster.cluster.wait([ref])
            cluster.partition(0, 1)
            let sum = Remote.sum.options(resources: ["home": 1], maxRetries: 0).remote(ref.view())
            let read = await #expect(throws: RayflowError.self) { try await ref.get() }
            let task = await #expect(throws: RayflowError.self) { try await sum.get() }
            #expect(read?.code == .objectLost && task?.code == .objectLost)
            cluster.heal(0, 1)
            #expect(
                try await Remote.sum.options(resources: ["home": 1]).remote(ref.view()).get() == noise(Self.count, seed: 3).reduce(0, &+))
        }
    }

    @Test("a node that dies takes its only copies with it: a typed error for reads and for tasks")
    func death() async throws {
        try await withTwoNodes { cluster in
            let ref = Remote.makeNoise.options(resources: special, maxRetries: 0).remote(Self.count, 3)
            _ = try await cluster.cluster.wait([ref])
            cluster.kill(1)
            let sum = Remote.sum.options(resources: ["home": 1], maxRetries: 0).remote(ref.view())
            let read = await #expect(throws: RayflowError.self) { try await ref.get() }
            let task = await #expect(throws: RayflowError.self) { try await sum.get() }
            #expect(read?.code == .objectLost && task?.code == .objectLost)
            #expect(read?.reason == .retriesDisabled && task?.reason == .retriesDisabled)
        }
    }

    @Test(
        "slow, repeated and reordered chunks make the same object",
        arguments: [
            "duplicate kind=129", "delay kind=129 by=1ms..5ms", "reorder kind=129 by=1ms..20ms",
            "seed=3; duplicate kind=129 p=0.5; reorder kind=129 by=1ms..9ms p=0.5",
        ])
    func faults(_ text: String) async throws {
        try await withTwoNodes { cluster in
            try cluster.inject(text, at: 1)
            let values = try await Remote.makeNoise.options(resources: special).remote(Self.count, 9).get()
            #expect(values == noise(Self.count, seed: 9))
        }
    }

    @Test("a deleted object leaves no copy on either node, so that the stores can be filled again and again")
    func deletion() async throws {
        try await withTwoNodes { cluster in
            // Each round leaves 60 MB on both nodes; a store has 256 MiB.
            for round in 0..<12 {
                let refs = (0..<3).map { Remote.makePattern.options(resources: special).remote(Self.count, UInt64(round * 3 + $0)) }
                for values in try await cluster.cluster.get(refs) { #expect(values.count == Self.count) }
            }
        }
    }
}
