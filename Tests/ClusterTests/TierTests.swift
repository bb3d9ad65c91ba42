import Rayflow
import RayflowTestKit
import Testing

@Suite("Stores that are smaller than what is put into them", .serialized)
struct TierTests {
    private static let count = 1_000_000

    private func withNodes(_ body: (TestCluster, Cluster) async throws -> Void) async throws {
        let cluster = try await TestCluster(
            nodes: [["CPU": 2, "home": 100], ["CPU": 2, "special": 100]], remotes, storeBytes: 32 << 20)
        try await run(cluster) { try await body($0, $0.cluster) }
    }

    @Test("four times as much as the store holds is put, and read again by value, in place and by tasks")
    func puts() async throws {
        try await withNodes { cluster, ray in
            let values = (0..<16 as Range<UInt64>).map { $0 % 3 == 0 ? pattern(Self.count, seed: $0) : noise(Self.count, seed: $0) }
            let refs = try values.map { try ray.put($0) }
            let full = try cluster.tiers(of: 0)
            #expect(full.memoryBytes <= full.capacityBytes && full.spilled > 0)
            for index in refs.indices.shuffled() {
                let isEqual = try await refs[index].get() == values[index]
                #expect(isEqual, "\(index)")
                #expect(try await refs[index].view().get().last == values[index].last)
            }
            let sums = try await ray.get(refs.map { Remote.sum.options(resources: ["home": 1]).remote($0.view()) })
            #expect(sums == values.map { $0.reduce(0, &+) })
            let after = try cluster.tiers(of: 0)
            #expect(after.restored > 0 && after.memoryBytes <= after.capacityBytes)
        }
    }

    @Test("tasks elsewhere read what is spilled here, and the copies that they leave there make room for the next")
    func pulled() async throws {
        try await withNodes { cluster, ray in
            let values = (0..<10 as Range<UInt64>).map { noise(Self.count, seed: $0) }
            let sums = values.map { $0.reduce(0, &+) }
            let refs = try values.map { try ray.put($0) }
            for _ in 0..<2 {
                for (ref, sum) in zip(refs, sums) {
                    let told = try await Remote.sum.options(resources: special).remote(ref.view()).get()
                    #expect(told == sum)
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
                let refs = (0..<10).map { Remote.makePattern.options(resources: special).remote(Self.count, UInt64($0)) }
                _ = try await ray.wait(refs, count: refs.count)
                let there = try cluster.tiers(of: 1)
                #expect(there.packed + there.spilled > 0)
                for index in refs.indices.reversed() {
                    let isEqual = try await refs[index].get() == pattern(Self.count, seed: UInt64(index))
                    #expect(isEqual)
                }
            }
            try await storesAreEmpty(cluster)
        }
    }
}
