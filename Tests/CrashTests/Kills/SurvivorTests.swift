import Glibc
import RayflowCore
import Testing

extension CrashTests {
    /// Processes of steps that go on when everybody who knew of them is dead.
    @Suite struct Survivors {
        private static let marker = "still here"

        /// The first run of the step stays until it is killed, deaf to SIGTERM, with a child in a session of its own; the second finds the
        /// log and ends.
        private static func run() throws -> CrashedRun {
            let place = try Place()
            let text = """
                rayflow: 1
                name: survivor
                env: {LOG: \(place.log)}
                defaults: {shell: sh -e, grace: 200ms}
                steps:
                  stay:
                    run: |
                      trap '' TERM
                      echo "$RAYFLOW_STEP_ID" >> "$LOG"
                      test "$(wc -l < "$LOG")" = 1 || exit 0
                      setsid sleep 1000 &
                      echo "\(marker)" >> "$LOG"
                      while :; do sleep 1000; done
                """
            return try CrashedRun(place, text + "\n")
        }

        @Test(
            "what a step left running when the engine was killed is ended before the step runs again",
            arguments: [Victims.engine, .engineAndRunner])
        func survivors(_ victims: Victims) throws {
            let run = try Self.run()
            run.context = "\(victims.rawValue) killed"
            try run.strike(victims, Moment(lines: 2, thenMicroseconds: 0))
            if victims == .engineAndRunner {
                #expect(run.place.processes.contains { $0.name == "sleep" }, "nobody was there to end them")
            }
            let end = try run.complete()
            #expect(end.result == "success")
            #expect(end.units["stay"]?.inDoubt == 1)
            #expect(run.place.lines == ["stay", Self.marker, "stay"])
            run.place.expectNothingLeft(run.context)
        }

        @Test("a step with on-crash ask stops the resume until somebody says what has happened", arguments: ["--assume-done", "--rerun"])
        func asks(_ answer: String) throws {
            let place = try Place()
            let text = """
                rayflow: 1
                name: ask
                env: {LOG: \(place.log)}
                defaults: {shell: sh -e, grace: 200ms}
                steps:
                  pay:
                    on-crash: ask
                    run: |
                      echo "$RAYFLOW_STEP_ID" >> "$LOG"
                      test "$(wc -l < "$LOG")" = 1 || exit 0
                      sleep 1000
                  after:
                    needs: [pay]
                    run: echo "$RAYFLOW_STEP_ID" >> "$LOG"
                """
            let run = try CrashedRun(place, text + "\n")
            run.context = answer
            try run.strike(.engineAndRunner, Moment(lines: 1, thenMicroseconds: 0))
            let undecided = try run.resume()
            #expect(try undecided.wait() == .exited(1), "\(undecided.errors)")
            #expect(undecided.errors.contains("--assume-done") && undecided.errors.contains("--rerun"), "\(undecided.errors)")
            #expect(place.lines == ["pay"])
            let decided = try place.start("rayflow", ["resume", try run.id(), answer, "pay", "--output-mode", "json"])
            #expect(try decided.wait() == .exited(0), "\(decided.errors)")
            #expect(place.lines == (answer == "--rerun" ? ["pay", "pay", "after"] : ["pay", "after"]))
            #expect(try RunState(decided.output).units["pay"]?.inDoubt == 1)
            place.expectNothingLeft(answer)
        }
    }
}
