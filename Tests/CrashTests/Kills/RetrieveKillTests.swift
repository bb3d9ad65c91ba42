import CLinux
import Glibc
import Testing

extension CrashTests {
    /// `kill -9` of a durable Swift driver with nested tasks, puts, waits and an actor.
    @Suite struct RetrieveExample {
        /// What it prints, apart from times and order.
        private static func results(_ text: String) -> [String] {
            text.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("total ") && !$0.hasPrefix("eight ") }.sorted()
        }

        @Test("the retrieval that is killed at twenty random moments retrieves everything and tracks each item once")
        func kills() throws {
            var seed = Seed("retrieve")
            let quiet = try Place()
            let start = rf_monotonic_ns()
            let undisturbed = try quiet.start("retrieve", ["--run", "undisturbed"])
            #expect(try undisturbed.wait() == .exited(0), "\(undisturbed.errors)")
            let microseconds = UInt32(clamping: (rf_monotonic_ns() - start) / 1000)
            let results = Self.results(undisturbed.output)
            #expect(results.count { $0.hasPrefix("retrieved ") } == 8)
            #expect(results.count { $0.hasPrefix("follow-up ") } == 8)
            #expect(results.contains("tracked 8"))
            for round in 1...20 {
                let place = try Place()
                var context = "seed \(seed.value), round \(round)"
                for _ in 1...(round % 3 == 0 ? 2 : 1) {
                    let moment = Moment(lines: 0, thenMicroseconds: .random(in: 0..<microseconds, using: &seed))
                    context += ", killed \(moment)"
                    let program = try place.start("retrieve", ["--run", "disturbed"])
                    try moment.await(program, in: place)
                    program.kill(SIGKILL)
                    try program.wait()
                }
                let last = try place.start("retrieve", ["--run", "disturbed"])
                #expect(try last.wait() == .exited(0), "\(context): \(last.errors)\(last.output)")
                #expect(Self.results(last.output) == results, "\(context)")
                #expect(place.runs.count == 1, "\(context)")
                place.expectNothingLeft(context)
            }
        }
    }
}
