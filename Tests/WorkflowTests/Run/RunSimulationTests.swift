import RayflowCore
import Testing

@testable import Workflow

@Suite("Runs under crashes, failures and cancels")
struct RunSimulationTests {
    /// A random graph of all kinds of steps, with the failures that its steps give before they succeed.
    private static func workflow(_ seed: UInt64) -> (yaml: String, failures: [String: Int]) {
        var dice = Dice(seed &* 77 &+ 5)
        var yaml = "rayflow: 1\nname: sim\nfailure-policy: \(["drain", "continue"][dice.below(2)])\n"
        if dice.isHit(40) { yaml += "max-parallel: \(1 + dice.below(4))\n" }
        yaml += "steps:\n"
        var failures: [String: Int] = [:]
        let count = 3 + dice.below(10)
        var fans: Set<Int> = []
        for number in 0..<count {
            var sources: [String] = []
            for other in 0..<number where dice.isHit(30) { sources.append("s\(other)") }
            yaml += "  s\(number):\n"
            if !sources.isEmpty {
                yaml += "    with: {\(sources.map { "\($0): \"${{ steps.\($0).outputs.v }}\"" }.joined(separator: ", "))}\n"
            }
            if number > 0, dice.isHit(20) { yaml += "    needs: [s\(dice.below(number))]\n" }
            if number > 0, dice.isHit(15) { yaml += "    if: \"${{ true }}\"\n" }
            var positions = ["s\(number)"]
            let kind = dice.below(10)
            if kind < 8, dice.isHit(30) {
                fans.insert(number)
                let width = dice.below(5)
                yaml += "    for-each: [\((0..<width).map(String.init).joined(separator: ", "))]\n"
                if dice.isHit(30) { yaml += "    max-parallel: 2\n" }
                positions = (0..<width).map { "s\(number)[\($0)]" }
            }
            switch kind {
            case 0..<6:
                yaml += "    run: work\n    outputs: {v: {type: int, from: stdout}}\n"
                yaml += "    retry: {max-attempts: 3, backoff: \(dice.isHit(50) ? "none" : "constant")}\n"
                for position in positions where dice.isHit(25) { failures[position] = 1 + dice.below(2) }
            case 6..<8: yaml += "    call: f\n    outputs: {v: {type: json}}\n"
            default:
                // A value step has no with.
                yaml = yaml.replacing(
                    "    with: {\(sources.map { "\($0): \"${{ steps.\($0).outputs.v }}\"" }.joined(separator: ", "))}\n", with: "")
                yaml += "    value: {v: [\(sources.map { "\"${{ steps.\($0).outputs.v }}\"" }.joined(separator: ", "))]}\n"
            }
        }
        yaml +=
            "outputs: {\((0..<count).filter { _ in dice.isHit(60) }.map { "s\($0): \"${{ steps.s\($0).outputs.v }}\"" }.joined(separator: ", "))}\n"
        return (yaml, failures)
    }

    /// Each unit's effect that counts happened once; more only where nobody could know.
    private func check(_ simulation: RunSimulation, _ seed: UInt64) {
        #expect(simulation.problems.isEmpty, "seed \(seed): \(simulation.problems)")
        for (position, effects) in simulation.effects {
            let known = effects.filter { $0.isGood && !$0.isInDoubt }
            #expect(known.count == 1, "seed \(seed): \(position) \(effects)")
            #expect(Set(effects.map(\.key)).count == effects.count, "seed \(seed): \(position) ran an attempt twice: \(effects)")
        }
    }

    @Test("undisturbed, in any order of completion, every run gives the same outputs", arguments: 0..<40)
    func undisturbed(_ graph: Int) throws {
        let (yaml, failures) = Self.workflow(UInt64(graph))
        var outputs: JSONObject?
        for seed in 0..<4 {
            let simulation = try RunSimulation(yaml, seed: UInt64(seed), failures: failures)
            simulation.run()
            #expect(simulation.outcome?.result == .success, "graph \(graph): \(simulation.outcome?.message ?? "")\n\(yaml)")
            check(simulation, UInt64(graph))
            if let outputs { #expect(simulation.outcome?.outputs == outputs) }
            outputs = simulation.outcome?.outputs
        }
    }

    @Test("killed at any moment and resumed, again and again, it gives the undisturbed outputs and repeats nothing", arguments: 0..<60)
    func crashes(_ graph: Int) throws {
        let (yaml, failures) = Self.workflow(UInt64(graph))
        let calm = try RunSimulation(yaml, seed: 1, failures: failures)
        calm.run()
        for seed in 0..<12 {
            // Failures beside crashes could use up more attempts than an epoch has, so each epoch may fail and is resumed.
            let simulation = try RunSimulation(yaml, seed: UInt64(seed), failures: failures)
            var dice = Dice(UInt64(graph * 1000 + seed))
            for _ in 0..<dice.below(5) { simulation.run(crashAfter: 1 + dice.below(200)) }
            for _ in 0..<3 where simulation.outcome?.result != .success { simulation.run() }
            #expect(simulation.outcome?.result == .success, "graph \(graph), seed \(seed): \(simulation.outcome?.message ?? "")")
            #expect(simulation.outcome?.outputs == calm.outcome?.outputs, "graph \(graph), seed \(seed)\n\(yaml)")
            check(simulation, UInt64(graph * 1000 + seed))
        }
    }

    @Test("cancelled at any moment, every step ends, and a resume completes the run", arguments: 0..<40)
    func cancels(_ graph: Int) throws {
        let (yaml, failures) = Self.workflow(UInt64(graph))
        let calm = try RunSimulation(yaml, seed: 1, failures: failures)
        calm.run()
        for seed in 0..<8 {
            let simulation = try RunSimulation(yaml, seed: UInt64(seed), failures: failures)
            var dice = Dice(UInt64(graph * 1000 + seed))
            simulation.run(cancelAfter: 1 + dice.below(120))
            let result = simulation.outcome?.result
            #expect(result == .cancelled || result == .success)
            #expect(simulation.outcome?.report.steps.allSatisfy { $0.status.isEnded } == true)
            for _ in 0..<3 where simulation.outcome?.result != .success { simulation.run() }
            #expect(simulation.outcome?.result == .success, "graph \(graph), seed \(seed)")
            #expect(simulation.outcome?.outputs == calm.outcome?.outputs, "graph \(graph), seed \(seed)")
            check(simulation, UInt64(graph * 1000 + seed))
        }
    }

    @Test("in doubt is counted: as many as the crashes left without an end")
    func doubts() throws {
        var found = 0
        for seed in 0..<40 {
            let simulation = try RunSimulation("rayflow: 1\nsteps: {a: {for-each: [1, 2, 3], run: x}}", seed: UInt64(seed))
            simulation.run(crashAfter: 12)
            simulation.run()
            let doubts = simulation.effects.values.joined().filter(\.isInDoubt).count
            // An attempt that had started but done nothing yet is in doubt as well.
            #expect((simulation.outcome?.report.inDoubt ?? 0) >= doubts)
            found += doubts
        }
        #expect(found > 0)
    }
}
