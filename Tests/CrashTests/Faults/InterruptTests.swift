import Glibc
import RayflowCore
import Testing

extension CrashTests {
    /// Ctrl-C, and its relatives.
    @Suite struct Interrupts {
        /// One step heeds SIGTERM and says so, one does not and has to be killed; both have descendants elsewhere.
        private static func run(_ place: Place) throws -> CrashedRun {
            let text = """
                rayflow: 1
                name: interrupted
                env: {LOG: \(place.log)}
                defaults: {shell: sh -e, grace: 300ms}
                steps:
                  polite:
                    run: |
                      test ! -e "\(place.work)/second" || exit 0
                      trap 'echo "polite ended" >> "$LOG"; exit 1' TERM
                      setsid sleep 1000 &
                      echo "$RAYFLOW_STEP_ID" >> "$LOG"
                      sleep 1000 & wait
                  deaf:
                    run: |
                      test ! -e "\(place.work)/second" || exit 0
                      trap '' TERM
                      echo "$RAYFLOW_STEP_ID" >> "$LOG"
                      while :; do sleep 1000 || true; done
                  after:
                    needs: [polite, deaf]
                    run: echo "$RAYFLOW_STEP_ID" >> "$LOG"
                """
            return try CrashedRun(place, text + "\n")
        }

        @Test(
            "an interrupted run ends its steps, SIGTERM first and SIGKILL after the grace, and can be resumed",
            arguments: [SIGINT, SIGTERM])
        func interrupts(_ number: Int32) throws {
            let place = try Place()
            let run = try Self.run(place)
            run.context = "signal \(number)"
            let program = try run.begin()
            try Moment(lines: 2, thenMicroseconds: 0).await(program, in: place)
            // To the whole group, as a terminal does.
            kill(-program.pid, number)
            #expect(try program.wait() == .exited(128 + number), "\(program.errors)")
            #expect(program.errors.contains("resume"), "\(program.errors)")
            #expect(place.lines.sorted() == ["deaf", "polite", "polite ended"])
            place.expectNothingLeft(run.context)
            let report = try RunState(program.output)
            #expect(report.result == "cancelled")
            #expect(try run.status().result == "cancelled")
            #expect(report.inDoubt == 0, "who was told to end is not in doubt")
            try TextFile.write("", to: place.work + "/second")
            let end = try run.complete()
            #expect(end.result == "success")
            #expect(end.inDoubt == 0)
            #expect(place.lines.last == "after")
            place.expectNothingLeft(run.context)
        }

        @Test("a cancel of a run that does not end says in time what to do")
        func cancelInVain() throws {
            let place = try Place()
            let run = try Self.run(place)
            let program = try run.begin()
            try Moment(lines: 2, thenMicroseconds: 0).await(program, in: place)
            let runners = ProcessList.children(of: program.pid).filter { $0.name == "rayflow-steps" }
            // Whoever is to end the steps does nothing.
            for runner in runners { kill(runner.pid, SIGSTOP) }
            let cancel = try place.start("rayflow", ["cancel", "latest", "--timeout", "1"])
            #expect(try cancel.wait() == .exited(5), "\(cancel.errors)")
            #expect(cancel.errors.contains("kill -9 \(program.pid)"), "\(cancel.errors)")
            for runner in runners { kill(runner.pid, SIGCONT) }
            try program.wait()
            place.expectNothingLeft("cancelled")
        }

        @Test("a second interrupt ends the engine at once; its steps end all the same")
        func twice() throws {
            let place = try Place()
            let run = try Self.run(place)
            let program = try run.begin()
            try Moment(lines: 2, thenMicroseconds: 0).await(program, in: place)
            program.kill(SIGINT)
            try program.wait { place.lines.contains("polite ended") }
            program.kill(SIGINT)
            #expect(try program.wait() == .exited(130), "\(program.errors)")
            #expect(place.settle().isEmpty)
            try TextFile.write("", to: place.work + "/second")
            #expect(try run.complete().result == "success")
            place.expectNothingLeft("interrupted twice")
        }
    }
}
