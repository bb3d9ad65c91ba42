import EngineTestRemotes
import Rayflow
import Testing

extension EngineTests {
    @Suite("ray.kv, ray.nodes and ray.resources")
    struct KeyValueStoreTests {
        @Test("values of any remote type are kept by key and namespace")
        func values() async throws {
            try await withCluster { ray, _ in
                let isStored = try await ray.kv.put(7, for: "a")
                #expect(isStored)
                #expect(try await ray.kv.get("a", as: Int.self) == 7)
                #expect(try await ray.kv.put("other", for: "a", overwrite: false) == false)
                #expect(try await ray.kv.put(["x": 1.5], for: "b"))
                #expect(try await ray.kv.keys() == ["a", "b"])
                #expect(try await ray.kv.scoped(to: "elsewhere").contains("a") == false)
                #expect(try await ray.kv.get("none", as: Int.self) == nil)
                #expect(try await ray.kv.delete("a"))
                #expect(try await ray.kv.delete("a") == false)
                #expect(try await ray.kv.deleteAll(prefix: "") == 1)
            }
        }

        @Test("a value of another type, one that holds refs and one that is too large are refused with the reason")
        func refused() async throws {
            try await withCluster { ray, _ in
                try await ray.kv.put("text", for: "a")
                let mismatch = await #expect(throws: RayflowError.self) { try await ray.kv.get("a", as: Int.self) }
                #expect(mismatch?.code == .typeMismatch)
                let ref = try ray.put(1)
                let refs = await #expect(throws: RayflowError.self) { try await ray.kv.put([ref], for: "refs") }
                #expect(refs?.code == .invalidArgument)
                let large = await #expect(throws: RayflowError.self) {
                    try await ray.kv.put([UInt8](repeating: 0, count: 2 << 20), for: "large")
                }
                #expect(large?.code == .invalidArgument)
            }
        }

        @Test("an embedded cluster is one node")
        func nodes() async throws {
            try await withCluster { ray, _ in
                let nodes = try await ray.nodes
                #expect(nodes.count == 1 && nodes[0].isAlive && (nodes[0].total["CPU"] ?? 0) >= 1)
                #expect(try await ray.resources.total == nodes[0].total)
            }
        }
    }
}
