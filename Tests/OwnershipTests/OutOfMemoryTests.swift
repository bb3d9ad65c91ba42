import Ownership
import RayflowCore
import Testing

@Suite("Workers ended because the node was short of memory")
struct OutOfMemoryTests {
    @Test("retries have a count of their own, which leaves maxRetries alone, and pauses that double from one second")
    func ownCount() throws {
        var bench = OwnerBench()
        bench.owner.outOfMemoryRetries = 2
        let task = bench.submit { $0.maxRetries = 1 }
        for kill in 1...2 {
            bench.lose(try bench.granted(), .outOfMemory)
            let retry = try #require(bench.retries.last)
            #expect(retry.afterNS == Limits.firstOutOfMemoryRetryNS << UInt64(kill - 1))
            bench.fire(retry.timer)
        }
        bench.lose(try bench.granted())
        #expect(bench.retries.last?.afterNS == Limits.firstRetryNS, "the first crash")
        bench.fire(try #require(bench.retries.last?.timer))
        bench.lose(try bench.granted(), .outOfMemory)
        #expect(bench.failure(of: task.ref)?.code == .outOfMemory)
        #expect(bench.failure(of: task.ref)?.attempt == 4)
        #expect(bench.owner.heldLeases == 0)
    }

    @Test("also where crashes are retried without limit")
    func unlimitedCrashes() throws {
        var bench = OwnerBench()
        bench.owner.outOfMemoryRetries = 1
        let task = bench.submit { $0.maxRetries = -1 }
        bench.lose(try bench.granted(), .outOfMemory)
        bench.fire(try #require(bench.retries.last?.timer))
        bench.lose(try bench.granted(), .outOfMemory)
        #expect(bench.failure(of: task.ref)?.code == .outOfMemory)
    }

    @Test("without limit by default, with pauses of one minute at the most; a task without retries fails at once")
    func unlimited() throws {
        var bench = OwnerBench()
        let task = bench.submit(), once = bench.submit { $0.maxRetries = 0 }
        bench.lose(try bench.granted(), .outOfMemory)
        let first = try #require(bench.retries.last?.timer)
        // A retriable and a single attempt share a scheduling key: the lease that is left serves the other.
        bench.lose(try bench.granted(), .outOfMemory)
        #expect(bench.failure(of: once.ref)?.code == .outOfMemory)
        bench.fire(first)
        for _ in 0..<20 {
            bench.lose(try bench.granted(), .outOfMemory)
            #expect(try #require(bench.retries.last).afterNS <= Limits.longestOutOfMemoryRetryNS)
            bench.fire(try #require(bench.retries.last?.timer))
        }
        #expect(bench.owner.state(of: task.ref) == nil)
    }

    @Test("an error of the body that carries the code is no end of a worker")
    func ofTheBody() throws {
        var bench = OwnerBench()
        bench.owner.outOfMemoryRetries = 0
        let task = bench.submit {
            $0.maxRetries = 1
            $0.retryRule = .anyError
        }
        _ = try bench.granted()
        bench.reply(bench.pushes[0], .failed(ErrorRecord(.outOfMemory, "of another task"), isApplicationError: true))
        #expect(bench.owner.state(of: task.ref) == nil && bench.retries.count == 1)
    }

    @Test("a task that is cancelled meanwhile is not tried again, and one whose time was over fails with that")
    func cancelledOrLate() throws {
        var bench = OwnerBench()
        let cancelled = bench.submit()
        let lease = try bench.granted()
        bench.event { $0.cancel(cancelled.ref, force: true, into: &$1) }
        bench.lose(lease, .outOfMemory)
        #expect(bench.failure(of: cancelled.ref)?.code == .cancelled)

        let late = bench.submit { $0.timeoutMS = 50 }
        let second = try bench.granted()
        bench.fire(try #require(bench.timers.last { if case .attemptTimeout = $0.timer { true } else { false } }).timer)
        bench.lose(second, .outOfMemory)
        #expect(bench.failure(of: late.ref)?.code == .taskTimeout)
    }

    @Test("what stood behind the task that ran is charged with nothing")
    func behind() throws {
        var bench = OwnerBench()
        bench.owner.outOfMemoryRetries = 0
        let first = bench.submit()
        let lease = try bench.granted()
        bench.finish(bench.pushes[0], executionNS: 1_000)
        let second = bench.submit(), third = bench.submit()
        #expect(bench.pushes.count == 3, "pushed ahead")
        bench.lose(lease, .outOfMemory)
        #expect(bench.value(of: first.ref) == 1)
        #expect(bench.failure(of: second.ref)?.code == .outOfMemory)
        #expect(bench.owner.state(of: third.ref) == nil)
        _ = try bench.granted()
        bench.finish(try #require(bench.pushes.last))
        #expect(bench.value(of: third.ref) == 1)
    }
}
