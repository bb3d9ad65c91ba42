import Rayflow
import RayflowTestKit
import Testing

@Suite("Stores that are smaller than what is put into them", .serialized)
struct TierTests {
    private static let count = 1_000_000
    private static let bytes = count * 8

    private func withNodes(_ body: (TestCluster, Cluster) async throws -> Void) async throws {
        let cluster = try await TestCluster(
            nodes: [["CPU": 2, "home": 100], ["CPU": 2, "special": 100]], remotes, storeBytes: 32 << 20)
        do { try await cluster.cluster.run { try await body(cluster, cluster.cluster) } } catch {
            await cluster.shutDown()
            throw error
        }
        await cluster.shutDown()
    }

    @Test("four times as much as the store holds is put, and read again by value, in place and by tasks")
    func puts() async throws {
        try await withNodes { cluster, ray in
            let refs = try (0..<16).map { try ray.put($0 % 3 == 0 ? pattern(Self.count, seed: UInt64($0)) : noise(Self.count, seed: UInt64($0))) }
            let full = try cluster.tiers(of: 0)
            #expect(full.memoryBytes <= full.capacityBytes && full.spilled > 0)
            for (index, ref) in refs.enumerated().shuffled() {
                let expected = index % 3 == 0 ? pattern(Self.count, seed: UInt64(index)) : noise(Self.count, seed: UInt64(index))
                let isEqual = try await ref.get() == expected
                #expect(isEqual, "\(index)")
                #expect(try await ref.view().get().last == expected.last)
            }
            let sums = refs.map { Remote.sum.options(resources: ["home": 1]).remote($0.view()) }
            for (index, sum) in try await ray.get(sums).enumerated() {
                let expected = index % 3 == 0 ? pattern(Self.count, seed: UInt64(index)) : noise(Self.count, seed: UInt64(index))
                #expect(sum == expected.reduce(0, &+))
            }
            let after = try cluster.tiers(of: 0)
            #expect(after.restored > 0 && after.memoryBytes <= after.capacityBytes)
        }
    }

    @Test("tasks elsewhere read what is spilled here, and the copies that they leave there make room for the next")
    func pulled() async throws {
        try await withNodes { cluster, ray in
            let refs = try (0..<12).map { try ray.put(noise(Self.count, seed: UInt64($0))) }
            for _ in 0..<2 {
                for (index, ref) in refs.enumerated() {
                    let sum = try await Remote.sum.options(resources: special).remote(ref.view()).get()
                    #expect(sum == noise(Self.count, seed: UInt64(index)).reduce(0, &+))
                }
            }
            let there = try cluster.tiers(of: 1)
            #expect(there.dropped > 0 && there.spilled == 0 && there.packed == 0, "copies are dropped, not spilled")
            #expect(there.memoryBytes <= there.capacityBytes)
            #expect(try cluster.tiers(of: 0).spilled > 0)
        }
    }

    @Test("results of tasks are spilled where they were made, and what is let go takes no room anywhere")
    func results() async throws {
        try await withNodes { cluster, ray in
            do {
                let refs = (0..<12).map { Remote.makeNoise.options(resources: special).remote(Self.count, UInt64($0)) }
                _ = try await ray.wait(refs, count: refs.count)
                #expect(try cluster.tiers(of: 1).spilled > 0)
                for (index, ref) in refs.enumerated().reversed() {
                    let isEqual = try await ref.get() == noise(Self.count, seed: UInt64(index))
                    #expect(isEqual)
                }
            }
            for node in 0..<cluster.count {
                while try cluster.storedBytes(on: node) > 0 { try await Task.sleep(for: .milliseconds(2)) }
            }
        }
    }
}
