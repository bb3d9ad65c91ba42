import Rayflow

extension BenchRow {
    static let placement: [BenchRow] = [
        BenchRow(
            name: "placement_group_create_remove", metrics: ["placement_group_create_remove"],
            about: "100 groups of one bundle: create, wait for all, remove",
            work: .cluster(resources: cpus.merging(["custom": 100]) { $1 }) { ray, sampling in
                [
                    try await sampling.rate("placement_group_create_remove", of: 100) {
                        let groups = try (0..<100).map { _ in try ray.placementGroup(bundles: [["custom": 0.001]]) }
                        for group in groups where try await !group.wait(timeout: .seconds(30)) {
                            throw RayflowError(.getTimeout, "a placement group was not ready after 30 s")
                        }
                        for group in groups { ray.remove(group) }
                    }
                ]
            })
    ]

    /// Tasks that depend on each other.
    static let graphs: [BenchRow] = [
        .single("chain_1000", "1,000 tasks, each takes the result of the one before") { _, sampling in
            try await sampling.timed("chain_1000", unit: "us per task", { $0 / 1_000 * 1e6 }) {
                var ref = BenchRemotes.identity.remote(0)
                for _ in 0..<999 { ref = BenchRemotes.identity.remote(ref) }
                _ = try await ref.get()
            }
        },
        .single("fanout_10k", "submit 10,000 no-ops, get all") { ray, sampling in
            try await sampling.timed("fanout_10k", unit: "1/s", { 10_000 / $0 }) {
                _ = try await ray.get((0..<10_000).map { _ in BenchRemotes.noop.remote() })
            }
        },
        fanIn("fanin_1000", 1_000, "one task with 1,000 stored integers as arguments: submit and get"),
        fanIn("fanin_10k", 10_000, "the same with 10,000"),
        .single("tree_reduce_1024", "1,024 leaf tasks, 1,023 binary additions") { _, sampling in
            try await sampling.timed("tree_reduce_1024") {
                var refs = (0..<1_024).map { _ in BenchRemotes.identity.remote(1) }
                while refs.count > 1 {
                    refs = stride(from: 0, to: refs.count, by: 2).map { BenchRemotes.add.remote(refs[$0], refs[$0 + 1]) }
                }
                try check(try await refs[0].get() == 1_024, "the tree")
            }
        },
        BenchRow(
            name: "nested", metrics: ["nested_100x10"], about: "100 tasks, each submits 10 no-ops and gets them",
            work: .cluster(resources: cpus) { ray, sampling in
                [
                    try await sampling.timed("nested_100x10") {
                        _ = try await ray.get((0..<100).map { _ in BenchRemotes.noops.remote(10) })
                    }
                ]
            }),
    ]

    private static func fanIn(_ name: String, _ count: Int, _ about: String) -> BenchRow {
        .single(name, about) { ray, sampling in
            let refs = try (0..<count).map { try ray.put($0) }
            return try await sampling.timed(name) {
                try check(try await BenchRemotes.count.remote(gather(refs)).get() == count, "the task with many arguments")
            }
        }
    }

    private static func check(_ holds: Bool, _ what: String) throws {
        guard holds else { throw RayflowError(.corrupt, "\(what) counted wrong") }
    }
}
