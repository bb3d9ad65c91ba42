import RayflowCore
import Testing

@testable import Workflow

@Suite("Retries")
struct RetryTests {
    @Test("a failed attempt is repeated until the budget is used up, each in its own folder")
    func budget() throws {
        var run = try RunHarness("steps: {a: {run: x, retry: {max-attempts: 3, backoff: none}}}")
        run.fail("a")
        #expect(try run.order("a").folder == "/run/attempts/a/2")
        run.fail("a")
        #expect(try run.environment("a")["RAYFLOW_ATTEMPT"] == "3")
        run.fail("a", exitCode: 4)
        #expect(run.result == .failure)
        #expect(try run.report("a").attempts == 3)
        #expect(run.outcome?.message == "step 'a' failed: exit code 4")
    }

    @Test("the pause grows, and no pause is longer than max-delay")
    func backoff() throws {
        var run = try RunHarness("steps: {a: {run: x, retry: {max-attempts: 5, delay: 1s, factor: 3, max-delay: 5s, jitter: 0}}}")
        var pauses: [UInt64] = []
        for _ in 1...4 {
            run.fail("a")
            pauses += run.timers.values.map { $0 / 1_000_000 }
            #expect(run.status("a") == .waiting)
            run.fireRetry()
        }
        #expect(pauses == [1000, 3000, 5000, 5000])
    }

    @Test("the jitter stays within its share, and is the same for the same run, step and attempt")
    func jitter() {
        var policy = RetryPolicy()
        policy.jitter = 0.25
        policy.backoff = .constant
        var seen: Set<UInt64> = []
        for attempt in 1...200 {
            let pause = policy.pause(beforeAttempt: 2, seed: 1, position: "a", attempt: attempt)
            #expect((750_000_000...1_250_000_000).contains(pause))
            #expect(pause == policy.pause(beforeAttempt: 2, seed: 1, position: "a", attempt: attempt))
            seen.insert(pause)
        }
        #expect(seen.count > 190)
    }

    @Test("retry.if sees how the attempt ended")
    func condition() throws {
        let yaml =
            "steps: {a: {run: x, retry: {max-attempts: 9, backoff: none, if: \"${{ attempt.exit-code == 75 || attempt.error == 'timeout' }}\"}}}"
        var run = try RunHarness(yaml)
        run.fail("a", exitCode: 75)
        run.fail("a", StepFailure(.timeout, "not done within 1s"))
        #expect(run.runningPositions == ["a"])
        run.fail("a", exitCode: 1)
        #expect(run.result == .failure)
        #expect(try run.report("a").attempts == 3)
    }

    @Test("retry.on names the causes that count")
    func causes() throws {
        var run = try RunHarness("steps: {a: {run: x, retry: {max-attempts: 2, backoff: none, on: [timeout]}}}")
        run.fail("a")
        #expect(run.status("a") == .failed)
        run = try RunHarness("steps: {a: {run: x, retry: {max-attempts: 2, backoff: none, on: [timeout]}}}")
        run.fail("a", StepFailure(.timeout, "late"))
        run.fail("a", StepFailure(.timeout, "late"))
        #expect(run.status("a") == .timedOut)
    }

    @Test("a retry that waits ends when the run is cancelled, and goes on while a failed run drains")
    func stopping() throws {
        var run = try RunHarness("steps: {a: {run: x, retry: {max-attempts: 2, jitter: 0}}, b: {run: x}}")
        run.fail("a")
        run.fail("b")
        #expect(run.outcome == nil)
        run.fireRetry()
        run.finish("a")
        #expect(run.result == .failure && run.status("a") == .succeeded)
        run = try RunHarness("steps: {a: {run: x, retry: 2}}")
        run.fail("a")
        run.cancel()
        #expect(run.result == .cancelled && run.status("a") == .cancelled)
    }

    @Test("a cancelled attempt is not repeated")
    func cancelled() throws {
        var run = try RunHarness("steps: {a: {run: x, retry: 3}}")
        run.cancel()
        run.fail("a", StepFailure(.failure, "signal 15", signal: 15))
        #expect(run.status("a") == .cancelled)
        #expect(run.result == .cancelled)
    }
}
