import Ownership
import RayflowCore
import Testing

@Suite("Tasks that are pushed ahead of their turn")
struct PushAheadTests {
    /// An owner with one lease, on which `f` has run once and took that long.
    private func measured(_ executionNS: UInt64 = 2_000) throws -> (OwnerBench, LeaseID) {
        var bench = OwnerBench()
        bench.submit("f")
        let lease = try bench.granted()
        bench.finish(bench.pushes[0], [.value(0)], executionNS: executionNS)
        bench.forget()
        return (bench, lease)
    }

    @Test("a function that was never measured runs alone; a short one waits on the worker behind others")
    func measuredOnly() throws {
        var bench = OwnerBench()
        bench.submit("f")
        _ = try bench.granted()
        bench.submit("f")
        #expect(bench.pushes.count == 1)
        bench.finish(bench.pushes[0], [.value(0)], executionNS: 2_000)
        bench.submit("f")
        bench.submit("f")
        #expect(bench.pushes.count == 4)
    }

    @Test("no more is pushed ahead than a millisecond of work, nor more than the limit of one lease")
    func bounded() throws {
        var (bench, _) = try measured(300_000)
        for _ in 0..<10 { bench.submit("f") }
        #expect(bench.pushes.count == 4)
        var (quick, _) = try measured(1)
        for _ in 0..<Limits.tasksPerLease + 10 { quick.submit("f") }
        #expect(quick.pushes.count == Limits.tasksPerLease)
    }

    @Test("a long function is never pushed behind another, and none behind it")
    func long() throws {
        var (bench, _) = try measured(5_000_000)
        bench.submit("f")
        bench.submit("f")
        #expect(bench.pushes.count == 1)
    }

    @Test("what has no retry left, a time limit or effects outside is not pushed ahead")
    func alone() throws {
        var (bench, _) = try measured()
        bench.submit("f")
        bench.submit("f") { $0.maxRetries = 0 }
        bench.submit("f") { $0.timeoutMS = 100 }
        bench.submit("f") { $0.hasSideEffects = true }
        #expect(bench.pushes.count == 1)
    }

    @Test("tasks given back go to the head of the queue, in order and without a charge, and none follows until the slow one has ended")
    func givenBack() throws {
        var (bench, lease) = try measured()
        let tasks = (0..<3).map { _ in bench.submit("f") }
        #expect(bench.pushes.map(\.spec.id) == tasks.map(\.id))
        bench.receive(
            .tasksReturned(TasksReturned(lease: lease, tasks: tasks.dropFirst().map { .init(task: $0.id, attempt: $0.attempt) })),
            from: OwnerBench.worker)
        let last = bench.submit("f")
        #expect(bench.pushes.count == 3)
        #expect(bench.requests.count > 0, "a further worker is asked for")
        bench.finish(bench.pushes[0], [.value(1)], executionNS: 2_000)
        #expect(bench.pushes.dropFirst(3).map(\.spec.id) == [tasks[1].id, tasks[2].id, last.id])
        #expect(bench.pushes.dropFirst(3).allSatisfy { $0.spec.attempt.number == 1 })
    }

    @Test("a lease whose last task is given back when the one that ran has ended already serves again, and goes back when idle")
    func givenBackAfterTheEnd() throws {
        var (bench, lease) = try measured()
        let tasks = (0..<2).map { _ in bench.submit("f") }
        bench.finish(bench.pushes[0], [.value(1)], executionNS: 2_000)
        let message = Message.tasksReturned(TasksReturned(lease: lease, tasks: [.init(task: tasks[1].id, attempt: tasks[1].attempt)]))
        bench.receive(message, from: OwnerBench.worker)
        #expect(bench.pushes.last?.spec.id == tasks[1].id && bench.pushes.last?.lease == lease && bench.pushes.count == 3)
        // The same when it was cancelled meanwhile, so that nothing is left to serve.
        let more = (0..<2).map { _ in bench.submit("f") }
        bench.finish(bench.pushes[2], [.value(1)], executionNS: 2_000)
        bench.finish(bench.pushes[3], [.value(1)], executionNS: 2_000)
        bench.event { $0.cancel(more[1].ref, force: false, into: &$1) }
        let again = TasksReturned(lease: lease, tasks: [.init(task: more[1].id, attempt: more[1].attempt)])
        bench.receive(.tasksReturned(again), from: OwnerBench.worker)
        bench.receive(.tasksReturned(again), from: OwnerBench.worker)
        // The clock that was wound up before winds up another, as the lease was used meanwhile.
        bench.fire(.idleLease(lease, use: 0))
        bench.fire(try #require(bench.timers.last).timer)
        #expect(bench.returned == [lease] && bench.owner.heldLeases == 0)
    }

    @Test("a task given back twice, or by a lease that it has left, is pushed once")
    func givenBackTwice() throws {
        var (bench, lease) = try measured()
        let tasks = (0..<2).map { _ in bench.submit("f") }
        let message = Message.tasksReturned(TasksReturned(lease: lease, tasks: [.init(task: tasks[1].id, attempt: tasks[1].attempt)]))
        bench.receive(message, from: OwnerBench.worker)
        bench.receive(message, from: OwnerBench.worker)
        bench.finish(bench.pushes[0], [.value(1)], executionNS: 2_000)
        #expect(bench.pushes.count == 3)
    }

    @Test("a push that comes again after the task was given back starts nothing, the next push of the task does")
    func cameAgain() throws {
        var (bench, lease) = try measured()
        let tasks = (0..<2).map { _ in bench.submit("f") }
        let pushes = bench.pushes
        var order = PushOrder()
        for push in pushes {
            let isNew = order.isNew(push, from: OwnerBench.me), isNewAgain = order.isNew(push, from: OwnerBench.me)
            let isNewOfOther = order.isNew(push, from: OwnerBench.stranger)
            #expect(isNew && !isNewAgain && isNewOfOther)
        }
        let item = TasksReturned.Item(task: tasks[1].id, attempt: tasks[1].attempt)
        bench.receive(.tasksReturned(TasksReturned(lease: lease, tasks: [item])), from: OwnerBench.worker)
        bench.finish(pushes[0], executionNS: 2_000)
        let next = try #require(bench.pushes.last)
        #expect(bench.pushes.count == 3 && next.spec.id == tasks[1].id)
        let isOld = order.isNew(pushes[1], from: OwnerBench.me), isNew = order.isNew(next, from: OwnerBench.me)
        #expect(!isOld && isNew)
        order.forget(OwnerBench.me)
        let isNewAnyway = order.isNew(pushes[0], from: OwnerBench.me)
        #expect(isNewAnyway)
    }

    @Test("when a worker dies, the task that ran is charged, the others are not; afterwards each of them runs alone")
    func workerDies() throws {
        var (bench, lease) = try measured()
        let tasks = (0..<3).map { _ in bench.submit("f") { $0.maxRetries = 1 } }
        bench.lose(lease)
        #expect(bench.retries.count == 1)
        _ = try bench.granted()
        #expect(bench.pushes.dropFirst(3).map(\.spec.id) == [tasks[1].id])
        #expect(bench.pushes[3].spec.attempt.number == 2)
        // The second one killed it again: its only retry is left, because the first death was not charged to it.
        let second = try #require(bench.pushes.last?.lease)
        bench.lose(second)
        #expect(bench.failure(of: tasks[1].ref) == nil)
        #expect(bench.retries.count == 2)
    }

    @Test("a cancelled task that is given back ends as cancelled")
    func cancelled() throws {
        var (bench, lease) = try measured()
        let tasks = (0..<2).map { _ in bench.submit("f") }
        bench.event { $0.cancel(tasks[1].result(0), force: false, into: &$1) }
        #expect(bench.failure(of: tasks[1].ref) == nil)
        bench.receive(
            .tasksReturned(TasksReturned(lease: lease, tasks: [.init(task: tasks[1].id, attempt: tasks[1].attempt)])),
            from: OwnerBench.worker)
        #expect(bench.failure(of: tasks[1].ref)?.code == .cancelled)
        bench.finish(bench.pushes[0], [.value(1)], executionNS: 2_000)
        #expect(bench.pushes.count == 2)
    }
}
