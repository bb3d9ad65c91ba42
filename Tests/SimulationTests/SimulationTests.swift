import RayflowTestKit
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// `SIMULATION_SEED=123` runs one seed, `SIMULATION_SEEDS=100000` that many.
@Suite("Simulated clusters")
struct SimulationTests {
    private static func number(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }

    @Test("every seed ends with nothing lost, nothing run twice at once and nothing kept")
    func seeds() {
        if let seed = Self.number("SIMULATION_SEED") {
            let report = Simulation.run(seed: seed)
            #expect(report.faults.isEmpty, "\(report)")
            return
        }
        let summary = Simulation.run(seeds: 1...(Self.number("SIMULATION_SEEDS") ?? 1_000))
        for report in summary.failed { Issue.record("SIMULATION_SEED=\(report.seed)\n\(report)") }
        #expect(summary.missed.isEmpty, "no seed has reached these branches")
    }

    @Test("a seed replays exactly")
    func replay() {
        for seed in UInt64(1)...40 {
            let first = Simulation.run(seed: seed), second = Simulation.run(seed: seed)
            #expect(first.digest == second.digest, "seed \(seed)")
        }
    }
}
