import Rayflow

extension BenchRow {
    static let actors: [BenchRow] = [
        .single("actor_sync", "one call of one actor at a time") { _, sampling in
            let actor = BenchActor.start.remote()
            return try await sampling.rate("actor_sync") { _ = try await actor.noop.remote().get() }
        },
        .single("actor_async", "1,000 calls of one actor in flight") { ray, sampling in
            let actor = BenchActor.start.remote()
            return try await sampling.rate("actor_async", of: 1_000) {
                _ = try await ray.get((0..<1_000).map { _ in actor.noop.remote() })
            }
        },
        .single("actor_concurrent", "the same, 16 calls may run side by side in threads") { ray, sampling in
            let actor = BenchActor.start.options(maxConcurrency: 16).remote()
            return try await sampling.rate("actor_concurrent", of: 1_000) {
                _ = try await ray.get((0..<1_000).map { _ in actor.noop.remote() })
            }
        },
        .single("async_actor_async", "the same of an actor with async methods, of which 1,000 may interleave") { ray, sampling in
            let actor = BenchAsyncActor.start.options(maxConcurrency: 1_000).remote()
            return try await sampling.rate("async_actor_async", of: 1_000) {
                _ = try await ray.get((0..<1_000).map { _ in actor.noop.remote() })
            }
        },
        .single("one_n_actor_async", "one client actor sends 5,000 calls to each of ncpu/2 actors") { _, sampling in
            let client = BenchClient.start.remote((0..<servers).map { _ in BenchActor.start.remote() })
            return try await sampling.rate("one_n_actor_async", of: Double(5_000 * servers)) { try await client.calls.remote(5_000).get() }
        },
        .single("n_n_actor_async", "4 tasks, each sends 5,000 calls to ncpu/2 actors") { ray, sampling in
            let actors = (0..<servers).map { _ in BenchActor.start.remote() }
            return try await sampling.rate("n_n_actor_async", of: 20_000) {
                _ = try await ray.get((0..<4).map { _ in BenchRemotes.calls.remote(actors, 5_000) })
            }
        },
        .single("actor_async_with_arg", "ncpu/2 clients, each sends 1,000 calls that carry one stored object") { ray, sampling in
            let clients = (0..<servers).map { _ in BenchClient.start.remote([BenchActor.start.remote()]) }
            return try await sampling.rate("actor_async_with_arg", of: Double(1_000 * servers)) {
                _ = try await ray.get(clients.map { $0.callsWithObject.remote(1_000) })
            }
        },
    ]
}
