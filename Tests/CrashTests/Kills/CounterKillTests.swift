import CLinux
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

        @Test("the counter that is killed at twenty random moments has counted everything once")
        func kills() throws {
            var seed = Seed("counter")
            let undisturbed = try Self.run()
            let start = rf_monotonic_ns()
            let outputs = try undisturbed.complete().outputs
            let microseconds = UInt32(clamping: (rf_monotonic_ns() - start) / 1000)
            #expect(outputs["total"]?.intValue == Self.total)
            #expect(outputs["text"]?.stringValue == "30 additions make \(Self.total)")
            for round in 1...20 {
                let run = try Self.run()
                for death in 1...(round % 3 == 0 ? 2 : 1) {
                    let victims = Bool.random(using: &seed) ? Victims.engine : .engineAndRunner
                    let moment = Moment(lines: 0, thenMicroseconds: .random(in: 0..<microseconds, using: &seed))
                    run.context += "\(death == 1 ? "seed \(seed.value), round \(round)" : ", then"), \(victims.rawValue) killed \(moment)"
                    try run.strike(victims, moment)
                }
                let end = try run.complete()
                #expect(end.outputs == outputs, "\(run.context)")
                #expect(end.result == "success", "\(run.context)")
                run.place.expectNothingLeft(run.context)
            }
        }
    }
}
