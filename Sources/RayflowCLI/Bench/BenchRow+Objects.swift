internal import Glibc
import Rayflow

extension BenchRow {
    private static let largeBytes = 838_860_800
    private static let mediumBytes = 83_886_080

    static let objects: [BenchRow] = [
        .single("put_small", "store the integer 0") { ray, sampling in
            try await sampling.rate("put_small") { _ = try ray.put(0) }
        },
        .single("get_small", "get a stored 0 again") { ray, sampling in
            let ref = try ray.put(0)
            return try await sampling.rate("get_small") { _ = try await ref.get() }
        },
        BenchRow(
            name: "put_first_800mb", metrics: ["put_first_800mb_gbps"], about: "first put of an 800 MB array into a fresh store",
            isFresh: true,
            work: .cluster(resources: cpus) { ray, _ in
                let array = [Int](repeating: 1, count: largeBytes / 8)
                return [
                    Measurement(
                        "put_first_800mb_gbps", "GB/s", [gigabytes(largeBytes) / (try Sampling.time { _ = try ray.put(array) })])
                ]
            }),
        .single("put_gbps", "the same put repeated, the reference dropped at once") { ray, sampling in
            let array = [Int](repeating: 1, count: largeBytes / 8)
            return try await sampling.rate("put_gbps", unit: "GB/s", of: gigabytes(largeBytes)) { _ = try ray.put(array) }
        },
        .single("put_80mb_warm_gbps", "10 puts of 83.9 MB, each freed before the next, after 10 such puts") { ray, sampling in
            let array = [Int](repeating: 1, count: mediumBytes / 8)
            for _ in 0..<10 { _ = try ray.put(array) }
            return try await sampling.timed("put_80mb_warm_gbps", unit: "GB/s", { gigabytes(10 * mediumBytes) / $0 }) {
                for _ in 0..<10 { _ = try ray.put(array) }
            }
        },
        BenchRow(
            name: "memcpy", metrics: ["memcpy_cold_gbps", "memcpy_warm_gbps", "memcpy_80mb_warm_gbps"],
            about: "for reference: one thread copies 800 MB into new, and into touched, shared memory; and 83.9 MB 10 times",
            work: .alone { sampling in try await memcpy(sampling) }),
        .single("put_multi_gbps", "10 tasks, each puts ten new 83.9 MB arrays of zeros", limit: 300) { ray, sampling in
            try await sampling.timed("put_multi_gbps", unit: "GB/s", { gigabytes(100 * mediumBytes) / $0 }) {
                _ = try await ray.get((0..<10).map { _ in BenchRemotes.puts.remote(10, mediumBytes / 8) })
            }
        },
        .single("get_large", "get a stored 800 MB array, no copy") { ray, sampling in
            let view = try ray.put([Int](repeating: 1, count: largeBytes / 8)).view()
            return try await sampling.rate("get_large") { _ = try await view.get() }
        },
        .single("wait_1k_refs", "submit 1,000 no-ops, then wait for any one 1,000 times") { ray, sampling in
            try await sampling.rate("wait_1k_refs") {
                var rest = (0..<1_000).map { _ in BenchRemotes.noop.remote() }
                for _ in 0..<1_000 { rest = try await ray.wait(rest, count: 1).rest }
            }
        },
        .single("get_object_with_10k_refs", "get one object that holds 10,000 references") { _, sampling in
            let object = BenchRemotes.refs.remote(10_000)
            return try await sampling.rate("get_object_with_10k_refs") { _ = try await object.get() }
        },
    ]

    private static func gigabytes(_ bytes: Int) -> Double { Double(bytes) / 1e9 }

    private static func memcpy(_ sampling: Sampling) async throws -> [Measurement] {
        let array = [Int](repeating: 1, count: largeBytes / 8)
        guard let base = mmap(nil, largeBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), base != MAP_FAILED else {
            throw CommandFailure.fault("mmap of \(largeBytes) bytes: \(String(cString: strerror(errno)))")
        }
        defer { munmap(base, largeBytes) }
        func copy() { array.withUnsafeBytes { base.copyMemory(from: $0.baseAddress!, byteCount: $0.count) } }
        let cold = Sampling.time { copy() }
        let warm = await sampling.timed("memcpy_warm_gbps", unit: "GB/s", warmUp: false, { gigabytes(largeBytes) / $0 }) { copy() }
        // The C library copies what fits into the cache in another way.
        let medium = await sampling.timed("memcpy_80mb_warm_gbps", unit: "GB/s", { gigabytes(10 * mediumBytes) / $0 }) {
            for _ in 0..<10 { array.withUnsafeBytes { base.copyMemory(from: $0.baseAddress!, byteCount: mediumBytes) } }
        }
        return [Measurement("memcpy_cold_gbps", "GB/s", [gigabytes(largeBytes) / cold]), warm, medium]
    }
}
