import Ownership
import RayflowCore
import Testing

@Suite("Cancelling")
struct CancelTests {
    private static func cancel(_ task: TaskSpec, force: Bool = false, _ bench: inout OwnerBench) {
        bench.event { $0.cancel(task.ref, force: force, into: &$1) }
    }

    @Test("a task that waits for its dependencies never runs")
    func waiting() {
        var bench = OwnerBench()
        let a = bench.submit("a"), b = bench.submit("b", [a.argument]), c = bench.submit("c", [b.argument])
        Self.cancel(b, &bench)
        #expect(bench.failure(of: b.ref)?.code == .cancelled)
        #expect(bench.failure(of: c.ref)?.code == .cancelled, "its dependents are cancelled with it")
        bench.grant()
        bench.finish(bench.pushes[0])
        #expect(bench.pushed == ["a"])
        #expect(bench.owner.pendingTasks == 0)
    }

    @Test("a queued task never runs, and the lease that only it wanted is no longer asked for")
    func queued() {
        var bench = OwnerBench()
        let a = bench.submit("a")
        Self.cancel(a, &bench)
        #expect(bench.failure(of: a.ref)?.code == .cancelled)
        #expect(bench.cancelledLeases == bench.requests.map(\.lease))
        #expect(bench.grant() == nil && bench.owner.pendingTasks == 0)
    }

    @Test("a running task is told, and ends as cancelled when it gives in", arguments: [false, true])
    func running(force: Bool) {
        var bench = OwnerBench()
        let task = bench.submit()
        bench.grant()
        Self.cancel(task, force: force, &bench)
        #expect(bench.cancelledTasks.map(\.task) == [task.id] && bench.cancelledTasks.map(\.attempt) == [task.attempt])
        #expect(bench.cancelledTasks.map(\.force) == [force])
        #expect(bench.owner.state(of: task.ref) == nil)
        bench.reply(bench.pushes[0], .cancelled)
        #expect(bench.failure(of: task.ref)?.code == .cancelled)
        #expect(bench.story.contains("task cancelled"))
    }

    @Test("a running task that finishes before it hears of it has its result")
    func tooLate() {
        var bench = OwnerBench()
        let task = bench.submit()
        bench.grant()
        Self.cancel(task, &bench)
        bench.finish(bench.pushes[0], [.value(4)])
        #expect(bench.value(of: task.ref) == 4)
    }

    @Test("a forced cancel ends the worker, and that loss is not retried")
    func forcedLoss() throws {
        var bench = OwnerBench()
        let task = bench.submit()
        let lease = try bench.granted()
        Self.cancel(task, force: true, &bench)
        bench.lose(lease)
        #expect(bench.failure(of: task.ref)?.code == .cancelled)
        #expect(bench.retries.isEmpty)
    }

    @Test("a task in the pause before its next attempt has no next attempt")
    func pausing() throws {
        var bench = OwnerBench()
        let task = bench.submit()
        bench.lose(try bench.granted())
        Self.cancel(task, &bench)
        #expect(bench.failure(of: task.ref)?.code == .cancelled)
        bench.fire(try #require(bench.retries.first?.timer))
        #expect(bench.requests.count == 1)
    }

    @Test("an attempt whose start is being recorded is not made, and its lease serves the next task")
    func committing() throws {
        var bench = OwnerBench(isDurable: true)
        let task = bench.submit("a", lineage: LineageID(high: 2, low: 2)) { $0.hasSideEffects = true }
        let next = bench.submit("b", lineage: LineageID(high: 2, low: 3)) { $0.hasSideEffects = true }
        bench.grant()
        Self.cancel(task, &bench)
        bench.event { $0.journalCommitted(task.id, now: 0, into: &$1) }
        #expect(bench.pushes.isEmpty)
        bench.event { $0.journalCommitted(next.id, now: 0, into: &$1) }
        #expect(bench.pushed == ["b"])
    }

    @Test("a task that has finished and whose result is being written keeps it")
    func persisting() {
        var bench = OwnerBench(isDurable: true)
        let task = bench.submit(lineage: LineageID(high: 2, low: 2))
        bench.grant()
        bench.finish(bench.pushes[0], [.large()])
        Self.cancel(task, &bench)
        bench.event { $0.persisted(task.id, now: 0, into: &$1) }
        #expect(bench.failure(of: task.ref) == nil && bench.owner.state(of: task.ref) != nil)
    }

    @Test("an actor call that is not sent never runs; one that is sent is told")
    func actorCalls() {
        var bench = OwnerBench()
        bench.create(.counter)
        let first = bench.call(.counter, "first"), second = bench.call(.counter, "second")
        Self.cancel(first, &bench)
        #expect(bench.failure(of: first.ref)?.code == .cancelled)
        bench.update(.counter, .alive)
        #expect(bench.pushed == ["second"] && bench.pushes[0].spec.sequence == 0)
        Self.cancel(second, force: true, &bench)
        #expect(bench.cancelledTasks.map(\.task) == [second.id])
        #expect(bench.cancelledTasks.map(\.force) == [false], "the actor outlives a call")
        bench.reply(bench.pushes[0], .cancelled)
        #expect(bench.failure(of: second.ref)?.code == .cancelled)
    }

    @Test("a finished task cannot be cancelled")
    func finished() {
        var bench = OwnerBench()
        let task = bench.submit()
        bench.grant()
        bench.finish(bench.pushes[0])
        bench.forget()
        Self.cancel(task, &bench)
        #expect(bench.directives.isEmpty && bench.value(of: task.ref) == 1)
    }

    @Test("the owner of a borrowed ref is asked to cancel its task")
    func borrowed() {
        var bench = OwnerBench()
        let id = ObjectID(task: bench.spec().id, index: 1)
        bench.event { owner, _ in owner.borrow(id, RefOrigin(owner: OwnerBench.stranger, lineage: .none)) }
        bench.event { $0.cancel(id, force: true, into: &$1) }
        guard case .cancelObject(let m)? = bench.sent.last?.message else {
            Issue.record("nothing was asked")
            return
        }
        #expect(m.object == id && m.force && bench.sent.last?.to == OwnerBench.stranger)
    }

    @Test("all that has not ended is cancelled at once")
    func all() {
        var bench = OwnerBench()
        let a = bench.submit("a"), b = bench.submit("b", [a.argument]), c = bench.submit("c") { $0.resources = .cpus(2) }
        bench.create(.counter)
        let call = bench.call(.counter)
        bench.grant()
        bench.event { $0.cancelAll(force: true, into: &$1) }
        for task in [b, c, call] { #expect(bench.failure(of: task.ref)?.code == .cancelled) }
        #expect(bench.cancelledTasks.map(\.task) == [a.id])
        bench.reply(bench.pushes[0], .cancelled)
        #expect(bench.owner.pendingTasks == 0)
    }
}
