import Raylet
import RayflowCore
import Testing

@testable import Workflow

@Suite("Resume")
struct ResumeTests {
    static let pair = """
        inputs: {n: {type: int, default: 1}}
        steps:
          a: {with: {n: "${{ inputs.n }}"}, run: x, outputs: {v: {type: int, from: stdout}, f: {type: file, path: f.txt}}}
          b: {with: {v: "${{ steps.a.outputs.v }}", f: "${{ steps.a.outputs.f }}"}, run: y, outputs: {w: {type: int, from: stdout}}}
        outputs: {w: "${{ steps.b.outputs.w }}"}
        """

    private func first() throws -> RunHarness {
        var run = try RunHarness(Self.pair, inputs: ["n": 1])
        run.finish("a", ["v": 5, "f": .file("/flow/f.txt")], files: ["/flow/f.txt": "content"])
        run.world.files["/flow/f.txt"] = "stat"
        return run
    }

    @Test("a finished step is not run again, its outputs come from the journal")
    func reuse() throws {
        let run = try first()
        let again = try RunHarness(Self.pair, inputs: ["n": 1], world: run.world, after: run.records)
        #expect(try again.report("a").isReused)
        #expect(again.runningPositions == ["b"])
        #expect(try again.environment("b")["INPUT_V"] == "5")
        #expect(try again.environment("b")["INPUT_F"] == "/flow/f.txt")
    }

    @Test("a step whose file is gone runs again, and says why")
    func missingFile() throws {
        let run = try first()
        run.world.files = [:]
        let again = try RunHarness(Self.pair, inputs: ["n": 1], world: run.world, after: run.records)
        #expect(again.runningPositions == ["a"])
        #expect(try again.report("a").rerun == .outputMissing)
        #expect(try again.report("a").attempts == 2)
    }

    @Test("a changed input or a changed script runs the step again; an equal output stops the wave")
    func changed() throws {
        var run = try first()
        run.finish("b", ["w": 6])
        #expect(run.result == .success)
        var again = try RunHarness(Self.pair, inputs: ["n": 2], world: run.world, after: run.records)
        #expect(try again.report("a").rerun == .changed)
        again.finish("a", ["v": 5, "f": .file("/flow/f.txt")], files: ["/flow/f.txt": "content"])
        #expect(try again.report("b").isReused)
        #expect(again.result == .success && again.outputs == ["w": 6])
        var other = try RunHarness(Self.pair, inputs: ["n": 2], world: run.world, after: run.records)
        other.finish("a", ["v": 5, "f": .file("/flow/f.txt")], files: ["/flow/f.txt": "other content"])
        #expect(try other.report("b").rerun == .changed)
        let script = try RunHarness(Self.pair.replacing("run: y", with: "run: z"), inputs: ["n": 1], world: run.world, after: run.records)
        #expect(script.runningPositions == ["b"])
    }

    @Test("retry, resources and the order of steps do not count as changes")
    func unchanged() throws {
        let run = try first()
        let yaml = Self.pair.replacing("run: x,", with: "run: x, retry: 4, timeout: 1h, resources: {cpus: 2},")
        #expect(try RunHarness(yaml, inputs: ["n": 1], world: run.world, after: run.records).runningPositions == ["b"])
    }

    @Test("a need that ran again makes the step run again, unless it stands for order alone")
    func needs() throws {
        let yaml = "steps: {a: {run: x}, b: {needs: [a], run: y}, c: {needs: [{step: a, order-only: true}], run: y}}"
        var run = try RunHarness(yaml)
        for step in ["a", "b", "c"] { run.finish(step) }
        var again = try RunHarness(yaml.replacing("run: x", with: "run: z"), after: run.records)
        again.finish("a")
        #expect(again.runningPositions == ["b"])
        #expect(again.status("c") == .succeeded)
    }

    @Test("a failed step runs again with a fresh budget and a new number")
    func failed() throws {
        let yaml = "steps: {a: {run: x, retry: {max-attempts: 2, backoff: none}}}"
        var run = try RunHarness(yaml)
        run.fail("a")
        run.fail("a")
        var again = try RunHarness(yaml, after: run.records)
        #expect(try again.order("a").attempt == 3)
        #expect(try again.report("a").rerun == .unfinished)
        again.fail("a")
        again.finish("a")
        #expect(again.result == .success)
        #expect(try again.report("a").attempts == 4)
    }

    @Test("an attempt with an exit file is taken over: its outputs are read, it does not run again")
    func adopted() throws {
        let run = try RunHarness(Self.pair, inputs: ["n": 1])
        run.world.exits["a#1"] = .made()
        var again = try RunHarness(Self.pair, inputs: ["n": 1], world: run.world, after: run.records)
        #expect(again.launched.isEmpty)
        #expect(again.adopted["a"]?.order.folder == "/run/attempts/a/1")
        #expect(again.adopted["a"]?.exit == .made())
        again.finish("a", ["v": 1, "f": .file("/flow/f.txt")])
        #expect(again.runningPositions == ["b"])
        #expect(try again.report("a").attempts == 1 && again.report("a").inDoubt == 0)
    }

    @Test("an exit that stands in the journal counts although its file is missing")
    func recordedExit() throws {
        let run = try RunHarness("steps: {a: {run: x}}")
        var writer = ByteWriter()
        StepExit.made().encode(into: &writer)
        let lineage = Digest128(of: Array("a#1".utf8)).lineage
        let record = FinishedRecord(
            lineage: lineage, attempt: Attempt(epoch: 1, number: 1), function: FunctionReference(index: 0, name: "step"), fingerprint: [],
            results: [.inline(Payload(type: "exit", bytes: writer.bytes))], moved: [], executionNS: 1, wallNS: 1)
        let again = try RunHarness("steps: {a: {run: x}}", after: run.records + [.finished(record)])
        #expect(again.adopted["a"]?.exit == .made())
    }

    @Test("an attempt whose exit file tells of a failure is not in doubt, and runs again as failed steps do")
    func unseenFailure() throws {
        let yaml = "steps: {a: {run: x, on-crash: ask}}"
        let run = try RunHarness(yaml)
        run.world.exits["a#1"] = .made(.exited(3))
        let again = try RunHarness(yaml, world: run.world, after: run.records)
        #expect(again.adopted.isEmpty)
        #expect(try again.order("a").attempt == 2)
        #expect(try again.report("a").rerun == .unfinished && again.report("a").inDoubt == 0)
    }

    @Test("an attempt that left nothing is in doubt: it runs again, and status says so")
    func inDoubt() throws {
        let run = try RunHarness("steps: {a: {run: x}}")
        var again = try RunHarness("steps: {a: {run: x}}", after: run.records)
        #expect(try again.order("a").attempt == 2)
        again.finish("a")
        let report = try again.report("a")
        #expect(report.inDoubt == 1 && report.rerun == .inDoubt && report.attempts == 2)
        #expect(again.outcome?.report.inDoubt == 1)
        #expect(RunReport(history: RunHistory(again.records)).inDoubt == 1)
    }

    @Test("an attempt that was ended because the engine was lost is in doubt too")
    func engineLost() throws {
        let run = try RunHarness("steps: {a: {run: x}}")
        run.world.exits["a#1"] = .made(.signalled(15), .engineLost)
        #expect(try RunHarness("steps: {a: {run: x}}", world: run.world, after: run.records).report("a").inDoubt == 1)
    }

    @Test("an attempt that was lost while the run goes on is in doubt: made again without using up the budget, but not for ever")
    func lost() throws {
        let yaml = "steps: {a: {run: x, retry: {max-attempts: 2, backoff: none}}}"
        var run = try RunHarness(yaml)
        run.lose("a")
        #expect(try run.order("a").attempt == 2)
        run.fail("a")
        #expect(try run.order("a").attempt == 3)
        run.finish("a")
        #expect(try run.result == .success && run.report("a").inDoubt == 1)
        run = try RunHarness(yaml)
        for _ in 0...RunLimits.lostAttempts { run.lose("a") }
        #expect(try run.result == .failure && run.report("a").attempts == RunLimits.lostAttempts + 1)
        run = try RunHarness("steps: {a: {run: x, on-crash: ask}}")
        run.lose("a")
        #expect(run.outcome?.message.contains("--assume-done 'a'") == true)
    }

    @Test("an attempt whose end the journal knows only as a loss is in doubt")
    func recordedLoss() throws {
        let run = try RunHarness("steps: {a: {run: x}}")
        for (code, doubts) in [(RayflowError.Code.workerCrashed, 1), (.system, 0)] {
            let failed = RunRecord.failed(
                lineage: Digest128(of: Array("a#1".utf8)).lineage, attempt: Attempt(epoch: 1, number: 1), error: ErrorRecord(code, "x"),
                wallNS: 1)
            #expect(try RunHarness("steps: {a: {run: x}}", after: run.records + [failed]).report("a").inDoubt == doubts)
        }
    }

    @Test("an attempt whose start was not committed is not in doubt, and keeps its number")
    func neverStarted() throws {
        let run = try RunHarness("steps: {a: {run: x}}")
        let records = run.records.filter { if case .started = $0 { false } else { true } }
        let again = try RunHarness("steps: {a: {run: x}}", after: records)
        #expect(try again.order("a").attempt == 1)
        #expect(try again.report("a").inDoubt == 0)
    }

    @Test("on-crash ask stops the branch until somebody decides, over any number of resumes")
    func ask() throws {
        let yaml = "failure-policy: continue\nsteps: {a: {run: x, on-crash: ask, retry: 3}, b: {needs: [a], run: x}, c: {run: x}}"
        let run = try RunHarness(yaml)
        var records = run.records
        for _ in 1...2 {
            var asked = try RunHarness(yaml, after: records)
            if asked.runningPositions == ["c"] { asked.finish("c") }
            #expect(asked.result == .failure)
            #expect(asked.status("b") == .upstreamFailed)
            #expect(asked.outcome?.message.contains("rayflow resume r1 --assume-done 'a' | --rerun 'a'") == true)
            records = asked.records
            #expect(RunReport(history: RunHistory(records)).steps.first { $0.id == "a" }?.failure?.kind == .inDoubt)
        }
        let rerun = try RunHarness(yaml, after: records, rerun: ["a"])
        #expect(try rerun.order("a").attempt == 2 && rerun.report("a").inDoubt == 1)
        var assumed = try RunHarness(yaml, after: records, assumeDone: ["a"])
        #expect(assumed.adopted["a"]?.order.attempt == 1)
        assumed.finish("a")
        #expect(assumed.runningPositions == ["b"])
    }

    @Test("--rerun runs a finished step again, and what changes because of it")
    func asked() throws {
        var run = try first()
        run.finish("b", ["w": 6])
        var again = try RunHarness(Self.pair, inputs: ["n": 1], world: run.world, after: run.records, rerun: ["a"])
        #expect(try again.report("a").rerun == .asked)
        again.finish("a", ["v": 9, "f": .file("/flow/f.txt")], files: ["/flow/f.txt": "content"])
        #expect(again.runningPositions == ["b"])
    }

    @Test("an epoch that was cancelled before it came to a step does not forget that the step is done")
    func cancelledEpoch() throws {
        var run = try first()
        run.finish("b", ["w": 6])
        var second = try RunHarness(Self.pair, inputs: ["n": 2], world: run.world, after: run.records)
        second.cancel()
        second.fail("a", StepFailure(.cancelled, "cancelled"))
        #expect(second.status("b") == .cancelled)
        var third = try RunHarness(Self.pair, inputs: ["n": 2], world: run.world, after: second.records)
        third.finish("a", ["v": 5, "f": .file("/flow/f.txt")], files: ["/flow/f.txt": "content"])
        #expect(try third.report("b").isReused)
        #expect(RunReport(history: RunHistory(third.records)).steps.first { $0.id == "b" }?.status == .succeeded)
    }

    @Test("large outputs are kept beside the attempt")
    func savedOutputs() throws {
        let yaml = "steps: {a: {run: x, outputs: {v: {from: stdout}}}, b: {stdin: \"${{ steps.a.outputs.v }}\", run: x}}"
        let large = String(repeating: "z", count: RunLimits.recordedOutputBytes)
        var run = try RunHarness(yaml)
        run.finish("a", ["v": .string(large)])
        #expect(RunHistory(run.records).steps["a"]?.outputs == nil)
        #expect(try RunHarness(yaml, world: run.world, after: run.records).runningPositions == ["b"])
        run.world.saved = [:]
        #expect(try RunHarness(yaml, world: run.world, after: run.records).report("a").rerun == .outputMissing)
    }

    @Test("what glob finds is asked anew; a difference is told, and runs what depends on it")
    func inputChanged() throws {
        let yaml = "steps: {a: {for-each: \"${{ glob('*.txt') }}\", key: \"${{ item }}\", run: x}}"
        let world = FakeWorld()
        world.globs["*.txt"] = ["1.txt"]
        var run = try RunHarness(yaml, world: world)
        run.finish("a[1.txt]")
        #expect(run.result == .success)
        #expect(
            try RunHarness(yaml, world: world, after: run.records).events.allSatisfy { if case .inputChanged = $0 { false } else { true } })
        world.globs["*.txt"] = ["1.txt", "2.txt"]
        let again = try RunHarness(yaml, world: world, after: run.records)
        #expect(again.events.contains(.inputChanged(position: "a", call: "glob(\"*.txt\")")))
        #expect(again.runningPositions == ["a[2.txt]"])
    }

    @Test("a touched input file runs its step again")
    func touchedFile() throws {
        let yaml = "steps: {a: {with: {f: \"${{ file('in') }}\"}, run: x}}"
        let world = FakeWorld()
        world.files["/flow/in"] = "1"
        var run = try RunHarness(yaml, world: world)
        run.finish("a")
        #expect(try RunHarness(yaml, world: world, after: run.records).result == .success)
        world.files["/flow/in"] = "2"
        #expect(try RunHarness(yaml, world: world, after: run.records).report("a").rerun == .changed)
    }

    @Test("the report of a run from its journal is the report of the live run")
    func report() throws {
        var run = try RunHarness(
            "steps: {a: {run: x}, b: {for-each: [1, 2], run: x}, c: {needs: [a], run: x}, v: {value: {x: 1}}}\nfailure-policy: continue")
        run.finish("b[0]")
        run.fail("a")
        run.finish("b[1]")
        let live = try #require(run.outcome?.report)
        let kept = RunReport(history: RunHistory(run.records))
        #expect(kept.result == .failure && kept.message == live.message && kept.run == "r1")
        let byID = Dictionary(uniqueKeysWithValues: kept.steps.map { ($0.id, $0) })
        for step in live.steps {
            #expect(byID[step.id]?.status == step.status, "\(step.id)")
            #expect(byID[step.id]?.attempts == step.attempts, "\(step.id)")
            #expect(byID[step.id]?.items?.map(\.id) == step.items?.map(\.id), "\(step.id)")
        }
        #expect(RunReport(history: RunHistory(run.records.dropLast())).result == .interrupted)
        #expect(RunReport(history: RunHistory(run.records.dropLast()), isLive: true).result == .running)
        #expect(live.json["steps"]?[0]?["id"] == "a" && live.json["steps"]?[0]?["state"] == "failed")
        #expect(live.json["result"] == "failure" && live.json["outputs"] == [:])
    }
}
