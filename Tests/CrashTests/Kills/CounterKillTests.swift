import CLinux
import Glibc
import RayflowCore
import Testing

extension CrashTests {
    /// `kill -9` in the midst of a workflow whose steps call an actor.
    @Suite struct CounterExample {
        private static let amounts = Array(1...30)
        private static let total = 100 + 30 * 31 / 2

        private static func run() throws -> CrashedRun {
            let place = try Place()
            return try CrashedRun(
                place, try Example.text("counter/counter.yaml"), program: "counter", arguments: ["--input", "amounts=\(amounts)"])
        }

        /// How long it takes, and what comes out.
        private static func undisturbed() throws -> (outputs: JSON, microseconds: UInt32) {
            let run = try Self.run()
            let start = rf_monotonic_ns()
            let outputs = try run.complete().outputs
            #expect(outputs["total"]?.intValue == total)
            #expect(outputs["text"]?.stringValue == "30 additions make \(total)")
            return (outputs, UInt32(clamping: (rf_monotonic_ns() - start) / 1000))
        }

        private static func expectAll(_ run: CrashedRun, _ outputs: JSON) throws {
            let end = try run.complete()
            #expect(end.outputs == outputs, "\(run.context)")
            #expect(end.result == "success", "\(run.context)")
            run.place.expectNothingLeft(run.context)
        }

        @Test("the counter that is killed at twenty random moments has counted everything once")
        func kills() throws {
            var seed = Seed("counter")
            let (outputs, microseconds) = try Self.undisturbed()
            for round in 1...20 {
                let run = try Self.run()
                for death in 1...(round % 3 == 0 ? 2 : 1) {
                    let victims = Bool.random(using: &seed) ? Victims.engine : .engineAndRunner
                    let moment = Moment(lines: 0, thenMicroseconds: .random(in: 0..<microseconds, using: &seed))
                    run.context += death == 1 ? "seed \(seed.value), round \(round)" : ", then"
                    run.context += ", \(victims.rawValue) killed \(moment)"
                    try run.strike(victims, moment)
                }
                try Self.expectAll(run, outputs)
            }
        }

        @Test(
            "the counter whose run is interrupted, or whose own process is killed, has counted everything once", arguments: [true, false])
        func endsOtherwise(isInterrupted: Bool) throws {
            var seed = Seed("counter, \(isInterrupted ? "interrupted" : "its process killed")")
            let (outputs, microseconds) = try Self.undisturbed()
            for round in 1...10 {
                let run = try Self.run()
                let moment = Moment(lines: 0, thenMicroseconds: .random(in: microseconds / 4..<microseconds, using: &seed))
                run.context = "seed \(seed.value), round \(round), \(moment)"
                let program = try run.begin()
                try moment.await(program, in: run.place)
                if isInterrupted {
                    program.kill(SIGINT)
                } else {
                    for child in ProcessList.children(of: program.pid) where child.name == "rayflow-worker" { kill(child.pid, SIGKILL) }
                }
                let ending = try program.wait()
                // It may be too early for its own handling, and too late for any.
                let allowed: [Ending] = isInterrupted ? [.exited(130), .exited(0), .signalled(SIGINT)] : [.exited(1), .exited(0)]
                #expect(allowed.contains(ending), "\(run.context): \(ending): \(program.errors)")
                try run.noteDeath()
                try Self.expectAll(run, outputs)
            }
        }
    }
}
