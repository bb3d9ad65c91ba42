import RayflowTestKit

// Many seeds, without a test runner: `swift run -c release SimulationTool 100000` or `SimulationTool <first> <last>`.
let numbers = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
let first = numbers.count > 1 ? numbers[numbers.startIndex] : 1
let last = numbers.last ?? 1_000
guard first <= last else { fatalError("usage: SimulationTool [<first seed>] <last seed>") }

var done = 0
let summary = Simulation.run(seeds: first...last) { report in
    done += 1
    if !report.faults.isEmpty || first == last { print(report) }
    if done % 10_000 == 0 { print("\(done) seeds") }
}
print("\(summary.seeds) seeds, \(summary.events) events, \(summary.failed.count) failed: \(summary.failed.map(\.seed))")
for (name, count) in summary.probes.sorted(by: { $0.key < $1.key }) { print("  \(name): \(count)") }
if !summary.missed.isEmpty { print("never reached: \(summary.missed)") }
