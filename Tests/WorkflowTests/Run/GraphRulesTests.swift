import RayflowCore
import Testing

@testable import Workflow

@Suite("Steps and what they need")
struct GraphRulesTests {
    static let chain = """
        steps:
          a: {run: "true", outputs: {x: {type: int, from: stdout}}}
          b: {with: {x: "${{ steps.a.outputs.x }}"}, run: "true", outputs: {y: {type: int, from: stdout}}}
          c: {needs: [a], run: "true"}
        outputs: {y: "${{ steps.b.outputs.y }}"}
        """

    @Test("a step begins when all that it mentions and needs has succeeded")
    func order() throws {
        var run = try RunHarness(Self.chain)
        #expect(run.runningPositions == ["a"])
        run.finish("a", ["x": 3])
        #expect(run.runningPositions == ["b", "c"])
        #expect(try run.environment("b")["INPUT_X"] == "3")
        run.finish("b", ["y": 4])
        #expect(run.outcome == nil)
        run.finish("c")
        #expect(run.result == .success)
        #expect(run.outputs == ["y": 4])
        #expect(run.outcome?.exitCode == 0)
    }

    @Test("independent steps run at once, and max-parallel bounds them")
    func parallel() throws {
        let steps = "steps: {a: {run: x}, b: {run: x}, c: {run: x}}"
        #expect(try RunHarness(steps).runningPositions == ["a", "b", "c"])
        var run = try RunHarness("max-parallel: 2\n" + steps)
        #expect(run.runningPositions == ["a", "b"])
        #expect(run.status("c") == .waiting)
        run.finish("a")
        #expect(run.runningPositions == ["b", "c"])
    }

    @Test("of what could begin, the steps with the longest path to the exit begin first, and equal ones in the order of the file")
    func longestPathFirst() throws {
        var run = try RunHarness(
            """
            max-parallel: 1
            steps:
              leaf: {run: x}
              b: {run: x}
              a: {run: x}
              after-a: {needs: [a], run: x}
              after-b: {needs: [b], run: x}
              last: {needs: [after-a, leaf], run: x}
            """)
        var order: [String] = []
        while let next = run.runningPositions.first {
            order.append("\(next) \(run.launched[next]?.order.pathLength ?? 0)")
            run.finish(next)
        }
        #expect(order == ["a 3", "leaf 2", "b 2", "after-a 2", "after-b 1", "last 1"])
        #expect(run.result == .success)
    }

    @Test("a failed step makes those that need it upstream-failed, and the run a failure with its reason")
    func failure() throws {
        var run = try RunHarness(Self.chain)
        run.fail("a", exitCode: 3)
        #expect(run.status("a") == .failed)
        #expect(run.status("b") == .upstreamFailed)
        #expect(run.status("c") == .upstreamFailed)
        #expect(run.result == .failure)
        #expect(run.outcome?.exitCode == 1)
        #expect(run.outcome?.message == "step 'a' failed: exit code 3")
    }

    @Test("failure-policy drain: what runs ends, nothing begins; a step that asks for failures still runs")
    func drain() throws {
        let yaml = """
            steps:
              a: {run: x}
              b: {run: x}
              after-b: {needs: [b], run: x}
              report: {needs: [a, after-b], if: "${{ always() }}", run: x}
            """
        var run = try RunHarness(yaml)
        run.fail("a")
        #expect(run.runningPositions == ["b"])
        run.finish("b")
        #expect(run.status("after-b") == .cancelled)
        #expect(run.runningPositions == ["report"])
        run.finish("report")
        #expect(run.result == .failure)
    }

    @Test("failure-policy continue: all that does not need the failed step still runs")
    func goOn() throws {
        var run = try RunHarness(
            "failure-policy: continue\nsteps: {a: {run: x}, b: {run: x}, c: {needs: [b], run: x}, d: {needs: [a], run: x}}")
        run.fail("a")
        run.finish("b")
        #expect(run.runningPositions == ["c"])
        run.finish("c")
        #expect(run.status("d") == .upstreamFailed)
        #expect(run.result == .failure)
    }

    @Test("failure-policy cancel: what runs is stopped")
    func cancelPolicy() throws {
        var run = try RunHarness("failure-policy: cancel\nsteps: {a: {run: x}, b: {run: x}}")
        run.fail("a")
        #expect(run.cancelled == ["b"])
        run.fail("b", StepFailure(.cancelled, "cancelled"))
        #expect(run.status("b") == .cancelled)
        #expect(run.result == .failure)
    }

    @Test("a false condition skips the step, and those that need it; their outputs are null")
    func skipped() throws {
        let yaml = """
            inputs: {go: {type: bool, default: false}}
            steps:
              a: {if: "${{ inputs.go }}", run: x, outputs: {v: {type: int, from: stdout}}}
              b: {needs: [a], run: x}
              c: {if: "${{ !failure() }}", value: {v: "${{ default(steps.a.outputs.v, 5) }}"}}
            outputs: {v: "${{ steps.c.outputs.v }}", a: "${{ steps.a.outputs.v }}"}
            """
        let run = try RunHarness(yaml, inputs: ["go": false])
        #expect(run.status("a") == .skipped)
        #expect(run.status("b") == .skipped)
        #expect(run.result == .success)
        #expect(run.outputs == ["v": 5, "a": nil])
    }

    @Test("failure() is true below a failed step and below one that could not run because of it")
    func failureFunction() throws {
        let yaml = """
            steps:
              a: {run: x}
              b: {needs: [a], run: x}
              page: {needs: [b], if: "${{ failure() }}", run: x}
              never: {needs: [a], if: "${{ success() }}", run: x}
            """
        var run = try RunHarness(yaml)
        run.fail("a")
        #expect(run.runningPositions == ["page"])
        #expect(run.status("never") == .skipped)
        run.finish("page")
        #expect(run.result == .failure)
    }

    @Test("continue-on-error: the run goes on as if the step had succeeded, with null outputs")
    func tolerated() throws {
        let yaml = """
            steps:
              a: {run: x, continue-on-error: true, outputs: {v: {type: int, from: stdout}}}
              b: {needs: [a], with: {r: "${{ steps.a.result }}", v: "${{ default(steps.a.outputs.v, 1) }}"}, run: x}
            """
        var run = try RunHarness(yaml)
        run.fail("a")
        #expect(try run.environment("b")["INPUT_R"] == "failure")
        #expect(try run.environment("b")["INPUT_V"] == "1")
        run.finish("b")
        #expect(run.result == .success)
        #expect(try run.report("a").isTolerated)
    }

    @Test("an expression that cannot be evaluated fails its step with its place, without an attempt")
    func badExpression() throws {
        var run = try RunHarness("steps:\n  a: {run: x}\n  b: {needs: [a], with: {v: \"${{ fromJSON('{') }}\"}, run: x}\n")
        run.finish("a")
        #expect(run.result == .failure)
        let report = try run.report("b")
        #expect(report.attempts == 0)
        #expect(report.failure?.message.hasPrefix("test.yaml:5:") == true)
    }

    @Test("cancel stops what runs and starts nothing; the run can be resumed")
    func cancel() throws {
        var run = try RunHarness(Self.chain)
        run.finish("a", ["x": 1])
        run.cancel()
        #expect(run.cancelled.sorted() == ["b", "c"])
        run.fail("b", StepFailure(.cancelled, "cancelled"))
        run.finish("c")
        #expect(run.result == .cancelled)
        #expect(run.outcome?.exitCode == 130)
        #expect(run.status("c") == .succeeded)
        let again = try RunHarness(Self.chain, after: run.records)
        #expect(again.runningPositions == ["b"])
        #expect(again.status("c") == .succeeded)
    }

    @Test("a step that somebody cancels by itself leaves the run a failure")
    func cancelledStep() throws {
        var run = try RunHarness("steps: {a: {run: x}, b: {needs: [a], run: x}}")
        run.fail("a", StepFailure(.cancelled, "cancelled"))
        #expect(run.status("b") == .cancelled)
        #expect(run.result == .failure && run.outcome?.message == "step 'a' was cancelled")
    }

    @Test("a run that takes too long is stopped, with its own exit code")
    func runTimeout() throws {
        var run = try RunHarness("timeout: 2s\nsteps: {a: {run: x}, b: {needs: [a], run: x}}")
        #expect(run.timers[.run] == 2_000_000_000)
        run.fire(.run)
        #expect(run.cancelled == ["a"])
        run.fail("a", StepFailure(.cancelled, "cancelled"))
        #expect(run.result == .timedOut)
        #expect(run.outcome?.exitCode == 4)
    }

    @Test("a chain of many value steps needs no deep stack")
    func longChain() throws {
        let count = 3_000
        var yaml = "steps:\n  s0: {value: {n: 0}}\n"
        for number in 1...count { yaml += "  s\(number): {needs: [s\(number - 1)], value: {n: \(number)}}\n" }
        let run = try RunHarness(yaml)
        #expect(run.result == .success)
    }
}
