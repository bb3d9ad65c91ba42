import Rayflow

extension BenchRow {
    /// Several clients, and what one task or one process may hold: the sizes of Ray's own tests of one node
    /// (`release/benchmarks/single_node/test_single_node.py`).
    static let clients: [BenchRow] = [
        fourClients("multi_client_put_small", "4 actors, each stores the integer 0 100,000 times") { $0.putSmall.remote(100_000) },
        fourClients("multi_client_get_small", "4 actors, each gets a stored 0 100,000 times") { $0.getSmall.remote(100_000) },
        .single("results_3k", "one task with 3,000 results, each an object of its own: submit and get all") { ray, sampling in
            try await sampling.timed("results_3k") {
                var refs: [ObjectRef<Int>] = []
                for try await ref in BenchRemotes.results.options(window: 3_000).remote(3_000) { refs.append(ref) }
                let values = try await ray.get(refs)
                guard values == Array(0..<3_000) else { throw RayflowError(.corrupt, "the results came otherwise than they were sent") }
            }
        },
        .single("get_10k", "get 10,000 stored objects of 200 kB at once, in place", limit: 300) { ray, sampling in
            let array = [UInt8](repeating: 1, count: 200_000)
            let refs = try (0..<10_000).map { _ in try ray.put(array).view() }
            return try await sampling.timed("get_10k") { _ = try await ray.get(refs) }
        },
        .single("waits_1k", "1,000 child tasks, each waits for one of two refs that are not ready; then all are") { ray, sampling in
            try await sampling.timed("waits_1k") {
                try await withThrowingTaskGroup { group in
                    for _ in 0..<1_000 {
                        let pair = [BenchRemotes.noop.remote(), BenchRemotes.noop.remote()]
                        group.addTask { _ = try await ray.wait(pair, count: 1) }
                    }
                    try await group.waitForAll()
                }
            }
        },
    ]

    private static func fourClients(
        _ name: String, _ about: String, _ work: @escaping @Sendable (ActorHandle<BenchActor>) -> ObjectRef<Done>
    ) -> BenchRow {
        .single(name, about) { ray, sampling in
            let clients = (0..<4).map { _ in BenchActor.start.remote() }
            _ = try await ray.get(clients.map { $0.noop.remote() })
            return try await sampling.timed(name, unit: "1/s", { 400_000 / $0 }) { _ = try await ray.get(clients.map(work)) }
        }
    }
}
