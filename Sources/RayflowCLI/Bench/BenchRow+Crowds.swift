internal import Glibc
import Rayflow

/// Many at once, with the memory that they take.
extension BenchRow {
    static let crowds: [BenchRow] = [
        BenchRow(
            name: "actor_create", metrics: ["actor_create", "actor_create_peak_pss_mb"],
            about: "fresh engine: create 100 actors and call each once; most memory meanwhile", isFresh: true,
            peaks: ["actor_create_peak_pss_mb": .proportional],
            work: .cluster(resources: cpus) { ray, _ in
                var actors: [ActorHandle<BenchActor>] = []
                let seconds = try await Sampling.time {
                    actors = (0..<100).map { _ in BenchActor.start.remote() }
                    _ = try await ray.get(actors.map { $0.noop.remote() })
                }
                let memory = ProcessTree(root: getpid()).proportional
                withExtendedLifetime(actors) {}
                return [
                    Measurement("actor_create", "1/s", [100 / seconds]),
                    Measurement("actor_create_peak_pss_mb", "MB", [Double(memory) / 1e6]),
                ]
            }),
        queued("queued_100k", 100_000, limit: 180),
        queued("queued_1m", 1_000_000, limit: 600),
    ]

    private static func queued(_ name: String, _ count: Int, limit: UInt32) -> BenchRow {
        let submit = "\(name)_submit", resident = "\(name)_peak_rss_mb", proportional = "\(name)_peak_pss_mb"
        return BenchRow(
            name: name, metrics: [name, submit, resident, proportional],
            about: "fresh engine: submit \(count == 100_000 ? "100,000" : "1,000,000") no-ops, then get all; most memory meanwhile",
            limit: limit, isFresh: true,
            peaks: [resident: .resident, proportional: .proportional],
            work: .cluster(resources: cpus) { ray, _ in
                _ = try await ray.get((0..<100).map { _ in BenchRemotes.noop.remote() })
                let start = Sampling.seconds()
                let refs = (0..<count).map { _ in BenchRemotes.noop.remote() }
                let submitted = Sampling.seconds()
                _ = try await ray.get(refs)
                let done = Sampling.seconds()
                let tree = ProcessTree(root: getpid())
                let memory = tree.proportional
                withExtendedLifetime(refs) {}
                return [
                    Measurement(name, "s", [done - start]), Measurement(submit, "s", [submitted - start]),
                    Measurement(resident, "MB", [Double(tree.resident) / 1e6]), Measurement(proportional, "MB", [Double(memory) / 1e6]),
                ]
            })
    }
}
