import Ownership
import RayflowCore
import Testing

@Suite("Retries")
struct RetryTests {
    @Test("a lost worker costs an attempt, after a pause that doubles, and then the task fails with what happened")
    func lostWorker() throws {
        var bench = OwnerBench()
        let task = bench.submit { $0.maxRetries = 2 }
        for attempt in 1...3 {
            let lease = try bench.granted()
            #expect(bench.pushes.last?.spec.attempt.number == UInt32(attempt))
            bench.lose(lease)
            if attempt < 3 {
                #expect(bench.owner.state(of: task.ref) == nil)
                let retry = try #require(bench.retries.last)
                #expect(retry.afterNS == Limits.firstRetryNS << UInt64(attempt - 1))
                bench.fire(retry.timer)
            }
        }
        let failure = try #require(bench.failure(of: task.ref))
        #expect(failure.code == .workerCrashed && failure.attempt == 3 && failure.task == "f")
        #expect(bench.retries.count == 2)
    }

    @Test("without retries the first loss is final")
    func noRetries() throws {
        var bench = OwnerBench()
        let task = bench.submit { $0.maxRetries = 0 }
        bench.lose(try bench.granted())
        #expect(bench.failure(of: task.ref)?.code == .workerCrashed)
    }

    @Test("minus one retries without limit, and the pause stays bounded")
    func unlimited() throws {
        var bench = OwnerBench()
        let task = bench.submit { $0.maxRetries = -1 }
        for _ in 0..<40 {
            bench.lose(try bench.granted())
            let retry = try #require(bench.retries.last)
            #expect(retry.afterNS <= Limits.longestRetryNS)
            bench.fire(retry.timer)
        }
        #expect(bench.owner.state(of: task.ref) == nil)
    }

    @Test(
        "an error of the body is final unless the submission asks for more",
        arguments: [RetryRule.systemFailuresOnly, .types(["Tests.Other"])])
    func applicationErrors(rule: RetryRule) {
        var bench = OwnerBench()
        let task = bench.submit { $0.retryRule = rule }
        bench.grant()
        bench.reply(bench.pushes[0], .failed(oops, isApplicationError: true))
        #expect(bench.failure(of: task.ref)?.message == "oops")
    }

    @Test("an error of the body is retried when the submission asks for it", arguments: [RetryRule.anyError, .types(["Tests.Oops"])])
    func retriedErrors(rule: RetryRule) throws {
        var bench = OwnerBench()
        let task = bench.submit {
            $0.retryRule = rule
            $0.maxRetries = 1
        }
        bench.grant()
        bench.reply(bench.pushes[0], .failed(oops, isApplicationError: true))
        #expect(bench.owner.state(of: task.ref) == nil)
        bench.fire(try #require(bench.retries.first?.timer))
        #expect(bench.pushes.count == 2, "on the lease that is still there")
        bench.finish(bench.pushes[1], [.value(8)])
        #expect(bench.value(of: task.ref) == 8)
    }

    @Test("a failure of the machine is retried whatever the rule says")
    func systemErrors() {
        var bench = OwnerBench()
        bench.submit()
        bench.grant()
        bench.reply(bench.pushes[0], .failed(ErrorRecord(.objectLost, "gone"), isApplicationError: false))
        #expect(bench.retries.count == 1)
    }

    @Test("the timer of an earlier attempt starts nothing")
    func oldTimer() throws {
        var bench = OwnerBench()
        bench.submit()
        bench.lose(try bench.granted())
        let retry = try #require(bench.retries.first?.timer)
        bench.fire(retry)
        #expect(bench.requests.count == 2)
        bench.fire(retry)
        #expect(bench.requests.count == 2)
    }

    @Test("an attempt that takes too long is stopped, and tried again when errors are, while retries are left")
    func timeouts() throws {
        var bench = OwnerBench()
        let task = bench.submit {
            $0.timeoutMS = 50
            $0.maxRetries = 1
            $0.retryRule = .anyError
        }
        for attempt in 1...2 {
            let lease = try bench.granted()
            let timer = try #require(bench.timers.last { if case .attemptTimeout = $0.timer { true } else { false } })
            #expect(timer.afterNS == 50_000_000)
            bench.fire(timer.timer)
            // The raylet ends the worker: the worker itself may have answered already, and would leave the lease as it is.
            #expect(bench.returns.count == attempt && bench.returns.last?.lease == lease && bench.returns.last?.workerFailed == true)
            #expect(bench.retries.count == attempt - 1)
            bench.lose(lease)
            if attempt == 1 { bench.fire(try #require(bench.retries.last?.timer)) }
        }
        #expect(bench.failure(of: task.ref)?.code == .taskTimeout)
        #expect(bench.owner.heldLeases == 0)
    }

    @Test("the time limit of a finished attempt does nothing")
    func lateTimeout() throws {
        var bench = OwnerBench()
        let task = bench.submit { $0.timeoutMS = 50 }
        bench.grant()
        let timer = try #require(bench.timers.last?.timer)
        bench.finish(bench.pushes[0])
        bench.fire(timer)
        #expect(bench.value(of: task.ref) == 1)
        #expect(bench.returns.isEmpty)
    }

    @Test("a reply that crosses the end of a task's time counts, and its lease is not used again")
    func replyAfterTimeout() throws {
        var bench = OwnerBench()
        let task = bench.submit {
            $0.timeoutMS = 50
            $0.retryRule = .anyError
        }
        let lease = try bench.granted()
        bench.fire(try #require(bench.timers.last { if case .attemptTimeout = $0.timer { true } else { false } }).timer)
        bench.finish(bench.pushes[0])
        #expect(bench.value(of: task.ref) == 1)
        bench.submit()
        #expect(bench.pushes.count == 1)
        bench.lose(lease)
        #expect(bench.owner.heldLeases == 0)
    }

    @Test("an answer that comes once more does not free the lease on which the next attempt runs")
    func answeredTwice() throws {
        var bench = OwnerBench()
        let task = bench.submit {
            $0.maxRetries = 2
            $0.retryRule = .anyError
        }
        let lease = try bench.granted()
        let first = try #require(bench.pushes.last)
        let failure = TaskOutcome.failed(ErrorRecord(.taskFailed, "once"), isApplicationError: true)
        bench.reply(first, failure)
        bench.fire(try #require(bench.retries.last).timer)
        let second = try #require(bench.pushes.last)
        #expect(second.spec.attempt.number == 2 && second.lease == lease)
        bench.reply(first, failure)
        let timers = bench.directives.compactMap { if case .startTimer(.idleLease(lease, let use), _) = $0 { use } else { nil } }
        for use in timers { bench.fire(.idleLease(lease, use: use)) }
        #expect(bench.returns.isEmpty)
        bench.finish(second)
        #expect(bench.owner.state(of: task.ref) != nil && bench.failure(of: task.ref) == nil)
    }
}
