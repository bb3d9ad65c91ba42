import EngineTestRemotes
import Foundation
import Testing

extension EngineTests {
    @Suite("Durable runs of Swift drivers")
    struct DurableRunTests {
        private static let marks = (0..<10).map { "\($0)" }

        @Test("a run that was killed goes on: finished tasks do not run again, decisions and recorded steps are given again")
        func resume() throws {
            let scratch = Scratch()
            let first = DriverRun(scratch, phase: "crash")
            #expect(first.wasKilled, "\(first.output)")
            #expect(first.output["marks"] == "\((0..<10).map { $0 * $0 })")
            #expect(first.output["ready"] == "[1, 2]")
            #expect(scratch.lines("marks").sorted() == (Self.marks + ["clock", "large"]).sorted())

            let second = DriverRun(scratch, phase: "finish")
            #expect(second.isDone, "\(second.output)")
            for line in ["marks", "large", "ready", "slow", "clock", "mixed"] {
                #expect(second.output[line] == first.output[line], "\(line)")
            }
            #expect(second.output["last"] == "\(Self.mixed(6))", "the actor has the state of its recorded calls")
            #expect(
                scratch.lines("marks").filter { Int($0).map { $0 < 100 } ?? true }.sorted()
                    == (Self.marks + ["clock", "large", "step"]).sorted())

            let third = DriverRun(scratch, phase: "finish")
            #expect(third.isDone)
            #expect(third.output == second.output)
            #expect(Set(scratch.lines("marks")).count == scratch.lines("marks").count, "nothing has run twice")
        }

        @Test("a task that was killed half-way runs again, and what it had finished and decided does not")
        func nested() throws {
            let scratch = Scratch()
            let first = DriverRun(scratch, phase: "family")
            #expect(first.wasKilled, "\(first.output)")
            #expect(scratch.lines("marks").filter { $0.count == 3 } == (100..<104).map { "\($0)" })
            let second = DriverRun(scratch, phase: "finish")
            #expect(second.isDone, "\(second.output)")
            let squares = (100..<105).reduce(0) { $0 + $1 * $1 }
            #expect(second.output["family"] == "\(squares + 17)")
            #expect(Set(scratch.lines("marks")).count == scratch.lines("marks").count, "nothing has run twice: \(scratch.lines("marks"))")
        }

        private static func mixed(_ last: Int) -> Int { (1...last).reduce(1) { $0 &* 3 &+ $1 } }
    }
}
