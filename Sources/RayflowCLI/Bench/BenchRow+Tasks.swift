import Rayflow

extension BenchRow {
    static let tasks: [BenchRow] = [
        .single("tasks_sync", "submit one no-op, get it") { _, sampling in
            try await sampling.rate("tasks_sync") { _ = try await BenchRemotes.noop.remote().get() }
        },
        BenchRow(
            name: "sync_latency", metrics: ["sync_latency_p50", "sync_latency_p99"], about: "the same, 2,000 calls timed one by one",
            work: .cluster(resources: cpus) { _, sampling in try await latency(sampling) }),
        .single("tasks_async", "submit 1,000 no-ops, get all") { ray, sampling in
            try await sampling.rate("tasks_async", of: 1_000) {
                _ = try await ray.get((0..<1_000).map { _ in BenchRemotes.noop.remote() })
            }
        },
        .single("multi_client_tasks_async", "4 actors, each submits 10,000 no-ops and gets them") { ray, sampling in
            let clients = (0..<4).map { _ in BenchActor.start.remote() }
            _ = try await ray.get(clients.map { $0.noop.remote() })
            return try await sampling.timed("multi_client_tasks_async", unit: "1/s", warmUp: false, { 40_000 / $0 }) {
                _ = try await ray.get(clients.map { $0.noops.remote(10_000) })
            }
        },
    ]

    private static func latency(_ sampling: Sampling) async throws -> [Measurement] {
        for _ in 0..<200 { _ = try await BenchRemotes.noop.remote().get() }
        var p50: [Double] = [], p99: [Double] = []
        for _ in 0..<sampling.runs {
            var times: [Double] = []
            for _ in 0..<2_000 {
                times.append(try await Sampling.time { _ = try await BenchRemotes.noop.remote().get() } * 1e6)
            }
            times.sort()
            p50.append(times[1_000])
            p99.append(times[1_980])
        }
        return [Measurement("sync_latency_p50", "us", p50), Measurement("sync_latency_p99", "us", p99)]
    }
}
