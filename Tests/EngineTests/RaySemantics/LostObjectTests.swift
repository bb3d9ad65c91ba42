import EngineTestRemotes
import Rayflow
import Testing

extension EngineTests {
    @Suite("Objects whose worker is gone", .serialized)
    struct LostObjectTests {
        @Test("a worker that is killed about when it answers costs nobody its large result: it is read, or made again")
        func killed() async throws {
            try await withCluster(storeBytes: 256 << 20) { ray, _ in
                for round in 0..<12 {
                    let refs = (0..<4).map { Tasks.leaves.remote(40_000, (round * 4 + $0) * 50) }
                    let norms = refs.map { Tasks.norm.remote($0.view()) }
                    let sums = try await ray.get(norms), values = try await ray.get(refs)
                    #expect(sums.allSatisfy { $0 == 90_000 } && values.allSatisfy { $0.count == 40_000 })
                }
            }
        }
    }
}
