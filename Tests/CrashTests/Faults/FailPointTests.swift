import Glibc
import RayflowCore
import Testing

extension CrashTests {
    /// Processes that die at a named place: driver, worker or step runner, whichever comes by.
    @Suite struct FailPoints {
        private static let width = 6
        private static let positions = Set(
            (0..<width).map { "first\($0)" } + (0..<width).map { "second[\($0)]" } + ["last"])

        /// Passes by every fail point: shell steps with inputs and outputs, an actor's calls, and their results in shell steps again.
        private static func run() throws -> CrashedRun {
            let place = try Place()
            var lines = [
                "rayflow: 1", "name: points", "env: {LOG: \(place.log)}", "defaults: {shell: sh -e, grace: 200ms}",
                "actors: {counter: {type: CounterApp.Counter, with: {start: 100}}}", "steps:",
            ]
            for index in 0..<width {
                lines += [
                    "  first\(index):", "    with: {n: \(index)}", "    run: |", "      echo \"$RAYFLOW_STEP_ID\" >> \"$LOG\"",
                    "      echo $((INPUT_N + 1))", "    outputs: {n: {type: int, from: stdout}}",
                    "  add\(index):", "    actor: counter", "    method: add",
                    "    with: {amount: \"${{ steps.first\(index).outputs.n }}\"}",
                ]
            }
            lines += [
                "  total:", "    needs: [\((0..<width).map { "add\($0)" }.joined(separator: ", "))]", "    actor: counter",
                "    method: total", "    outputs: {total: {type: int}}",
                "  second:", "    needs: [total]", "    for-each: ${{ range(\(width)) }}",
                "    run: echo \"$RAYFLOW_STEP_ID\" >> \"$LOG\"",
                "  last:", "    needs: [second]", "    with: {total: \"${{ steps.total.outputs.total }}\"}", "    run: |",
                "      echo \"$RAYFLOW_STEP_ID\" >> \"$LOG\"", "      echo \"the total is $INPUT_TOTAL\"",
                "    outputs: {text: {type: string, from: stdout}}",
                "outputs:", "  total: ${{ steps.total.outputs.total }}", "  text: ${{ steps.last.outputs.text }}",
            ]
            return try CrashedRun(place, lines.joined(separator: "\n") + "\n", program: "counter")
        }

        /// The first passing, and one in the midst: which hit that is depends on how often a point is passed at all.
        private static func hits(_ name: String) -> [Int] {
            switch name {
            case "spawn.before", "spawn.after", "journal.before-segment", "journal.after-segment": [1]
            // Replies leave in batches: the constructor's, those of the additions, the total's.
            case "ownership.before-move", "ownership.after-move": [1, 3]
            default: [1, 4]
            }
        }

        @Test("a run in which a process dies at a named place is completed by resume", arguments: FailPoint.all)
        func dies(_ name: String) throws {
            let total = 100 + Self.width * (Self.width + 1) / 2
            for hit in Self.hits(name) {
                let run = try Self.run()
                run.context = "\(name):\(hit)"
                let program = try run.begin(adding: ["RAYFLOW_FAIL_POINT": run.context])
                let ending = try program.wait()
                #expect(program.errors.contains("fail point \(name)\n"), "\(run.context) was not reached: \(ending): \(program.errors)")
                try run.noteDeath()
                try run.check(
                    try run.complete(), outputs: .object(["total": .int(total), "text": .string("the total is \(total)")]),
                    positions: Self.positions, countsDeaths: false)
            }
        }

        @Test("a name that is no fail point is reported, and nothing dies")
        func unknownName() throws {
            let run = try Self.run()
            let program = try run.begin(adding: ["RAYFLOW_FAIL_POINT": "journal.nowhere"])
            #expect(try program.wait() == .exited(0))
            #expect(program.errors.contains("names no fail point: journal.nowhere"), "\(program.errors)")
        }
    }
}
