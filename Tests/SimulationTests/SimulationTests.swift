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

    @Test("at whichever message the GCS dies, a whole cluster goes on: nothing is lost, run twice, kept or waited for in vain")
    func gcsDeaths() {
        for seed in Self.number("SIMULATION_SEED").map({ $0...$0 }) ?? 1...12 {
            let undisturbed = Simulation.run(seed: seed, gcsDiesAt: nil)
            for message in 1...max(1, undisturbed.gcsMessages) {
                let report = Simulation.run(seed: seed, gcsDiesAt: message, isSilent: message.isMultiple(of: 2))
                #expect(report.faults.isEmpty, "the GCS dies at message \(message)\n\(report)")
            }
        }
    }

    @Test("whichever one request or answer is lost with its connection, every wait ends right")
    func losses() {
        for seed in Self.number("SIMULATION_SEED").map({ $0...$0 }) ?? 1...5 {
            let undisturbed = Simulation.run(seed: seed, losing: 0)
            for frame in 1...max(1, undisturbed.frames) {
                let report = Simulation.run(seed: seed, losing: frame)
                #expect(report.faults.isEmpty, "frame \(frame) is lost\n\(report)")
            }
        }
    }

    @Test("a seed replays exactly")
    func replay() {
        for seed in UInt64(1)...40 {
            let first = Simulation.run(seed: seed), second = Simulation.run(seed: seed)
            #expect(first.digest == second.digest, "seed \(seed)")
        }
    }
}
