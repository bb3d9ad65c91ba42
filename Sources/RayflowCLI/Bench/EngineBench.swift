import Rayflow
import RayflowCore

/// Benchmarks of tasks, actors and objects on an embedded cluster with two CPU slots.
struct EngineBench {
    /// Metrics that are measured together.
    struct Group: Sendable {
        var names: [String]
        var run: @Sendable (Cluster) async throws -> [Measurement]
    }

    static let groups: [Group] = [
        Group(names: ["tasks_sync"]) { _ in
            [try await Sampling.rate("tasks_sync") { _ = try await BenchRemotes.noop.remote().get() }]
        },
        Group(names: ["sync_latency_p50", "sync_latency_p99"]) { _ in
            var p50: [Double] = [], p99: [Double] = []
            for _ in 0..<Sampling.timedRuns {
                var times: [Double] = []
                for _ in 0..<2_000 {
                    let start = Sampling.seconds()
                    _ = try await BenchRemotes.noop.remote().get()
                    times.append((Sampling.seconds() - start) * 1e6)
                }
                times.sort()
                p50.append(times[times.count / 2])
                p99.append(times[times.count * 99 / 100])
            }
            return [
                Measurement(name: "sync_latency_p50", unit: "us", values: p50),
                Measurement(name: "sync_latency_p99", unit: "us", values: p99),
            ]
        },
        Group(names: ["tasks_async"]) { ray in
            [
                try await Sampling.rate("tasks_async", batch: 1_000) {
                    _ = try await ray.get((0..<1_000).map { _ in BenchRemotes.noop.remote() })
                }
            ]
        },
        Group(names: ["actor_sync", "actor_async"]) { ray in
            let actor = BenchActor.start.remote()
            _ = try await actor.noop.remote().get()
            let sync = try await Sampling.rate("actor_sync") { _ = try await actor.noop.remote().get() }
            let async = try await Sampling.rate("actor_async", batch: 1_000) {
                _ = try await ray.get((0..<1_000).map { _ in actor.noop.remote() })
            }
            try await ray.kill(actor)
            return [sync, async]
        },
        Group(names: ["put_small", "get_small"]) { ray in
            let put = try await Sampling.rate("put_small", batch: 100) {
                for _ in 0..<100 { _ = try ray.put(0) }
            }
            let ref = try ray.put(0)
            let get = try await Sampling.rate("get_small", batch: 100) {
                for _ in 0..<100 { _ = try await ref.get() }
            }
            return [put, get]
        },
        Group(names: ["put_first_800mb_gbps", "put_gbps", "get_large", "memcpy_cold_gbps", "memcpy_warm_gbps"]) { ray in
            try await large(ray)
        },
        Group(names: ["put_80mb_warm_gbps"]) { ray in
            let array = [Int](repeating: 1, count: 83_886_080 / 8)
            let bytes = Double(array.count * 8 * 10)
            return [
                try await Sampling.timed("put_80mb_warm_gbps", unit: "GB/s", { bytes / $0 / 1e9 }) {
                    for _ in 0..<10 { _ = try ray.put(array) }
                }
            ]
        },
        Group(names: ["wait_1k_refs"]) { ray in
            [
                try await Sampling.timed("wait_1k_refs", unit: "1/s", { 1 / $0 }) {
                    var rest = (0..<1_000).map { _ in BenchRemotes.noop.remote() }
                    while !rest.isEmpty { rest = try await ray.wait(rest, count: 1).rest }
                }
            ]
        },
        Group(names: ["chain_1000"]) { _ in
            [
                try await Sampling.timed("chain_1000", unit: "us per task", { $0 * 1e6 / 1_000 }) {
                    var ref = BenchRemotes.next.remote(0)
                    for _ in 1..<1_000 { ref = BenchRemotes.next.remote(ref) }
                    guard try await ref.get() == 1_000 else { throw RayflowError(.corrupt, "the chain counted wrong") }
                }
            ]
        },
        Group(names: ["fanout_10k"]) { ray in
            [
                try await Sampling.timed("fanout_10k", unit: "1/s", { 10_000 / $0 }) {
                    _ = try await ray.get((0..<10_000).map { _ in BenchRemotes.noop.remote() })
                }
            ]
        },
    ]

    private static let largeBytes = 838_860_800

    private static func large(_ ray: Cluster) async throws -> [Measurement] {
        let array = [Int](repeating: 7, count: largeBytes / 8)
        var start = Sampling.seconds()
        var kept: ObjectRef<[Int]>? = try ray.put(array)
        let first = Double(largeBytes) / (Sampling.seconds() - start) / 1e9
        let view = kept?.view()
        let get = try await Sampling.rate("get_large") { if let view { _ = try await view.get() } }
        kept = nil
        let put = try await Sampling.timed("put_gbps", unit: "GB/s", { Double(largeBytes) / $0 / 1e9 }) { _ = try ray.put(array) }
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: largeBytes, alignment: 4096)
        defer { target.deallocate() }
        start = Sampling.seconds()
        array.withUnsafeBytes { target.copyMemory(from: $0) }
        let cold = Double(largeBytes) / (Sampling.seconds() - start) / 1e9
        let warm = await Sampling.timed("memcpy_warm_gbps", unit: "GB/s", { Double(largeBytes) / $0 / 1e9 }) {
            array.withUnsafeBytes { target.copyMemory(from: $0) }
        }
        return [
            Measurement(name: "put_first_800mb_gbps", unit: "GB/s", values: [first]), put, get,
            Measurement(name: "memcpy_cold_gbps", unit: "GB/s", values: [cold]), warm,
        ]
    }
}
