import Ownership
import RayflowCore
import Testing

@Suite("Retries, limits and groups of actor calls")
struct ActorCallTests {
    private static let second = OwnerBench.secondWorker

    @Test("a call's own number of retries is taken instead of the actor's")
    func ownRetries() {
        var bench = OwnerBench()
        bench.create(.counter, maxTaskRetries: 3)
        let once = bench.call(.counter, "once") { $0.maxRetries = 0 }
        let again = bench.call(.counter, "again")
        bench.update(.counter, .alive)
        bench.update(.counter, .restarting, 2)
        #expect(bench.failure(of: once.ref)?.code == .actorUnavailable)
        bench.update(.counter, .alive, 2, worker: Self.second)
        #expect(bench.pushed == ["once", "again", "again"])
        #expect(bench.owner.state(of: again.ref) == nil)
    }

    @Test("a process that has but a handle learns the actor's options with its first news")
    func handleOnly() {
        var bench = OwnerBench()
        var options = ActorSpecOptions()
        options.maxTaskRetries = -1
        options.maxPendingCalls = 2
        bench.actorOptions[.counter] = options
        let early = bench.call(.counter, "early")
        bench.update(.counter, .alive)
        bench.update(.counter, .restarting, 2)
        #expect(bench.owner.state(of: early.ref) == nil, "it waits for the next incarnation")
        _ = bench.call(.counter, "second")
        let third = bench.call(.counter, "third")
        #expect(bench.failure(of: third.ref)?.code == .pendingCallsLimit)
    }

    @Test("no more calls may be unfinished than the actor allows; ended ones make room, wherever they stood")
    func pendingLimit() {
        var bench = OwnerBench()
        bench.create(.counter, maxPendingCalls: 3)
        let calls = ["a", "b", "c"].map { bench.call(.counter, $0) }
        let beyond = bench.call(.counter, "beyond")
        #expect(bench.failure(of: beyond.ref)?.code == .pendingCallsLimit)
        #expect(bench.failure(of: beyond.ref)?.message.contains("maxPendingCalls is 3") == true)
        bench.event { $0.cancel(calls[1].ref, force: false, into: &$1) }
        let next = bench.call(.counter, "next")
        #expect(bench.owner.state(of: next.ref) == nil)
        bench.update(.counter, .alive)
        #expect(bench.pushed == ["a", "c", "next"])
        bench.finish(bench.pushes[0])
        let last = bench.call(.counter, "last")
        #expect(bench.owner.state(of: last.ref) == nil)
        #expect(bench.owner.openCalls(of: .counter) == 3)
    }

    @Test("a call of one group that waits for its argument holds up its own group only")
    func groups() {
        var bench = OwnerBench()
        bench.create(.counter)
        bench.update(.counter, .alive)
        let slow = bench.submit("slow")
        let io = { (options: inout SpecOptions) in options.groups = [CallGroup(name: "io")] }
        _ = bench.call(.counter, "io 1", [slow.argument], options: io)
        _ = bench.call(.counter, "io 2", options: io)
        _ = bench.call(.counter, "main 1")
        _ = bench.call(.counter, "main 2")
        #expect(bench.pushed == ["main 1", "main 2"])
        bench.grant()
        bench.finish(bench.pushes[2])
        #expect(bench.pushed == ["main 1", "main 2", "slow", "io 1", "io 2"])
        #expect(bench.pushes.filter { $0.spec.kind == .actorCall }.map(\.spec.sequence) == [0, 1, 0, 1])
    }

    @Test("an error that is to be tried again is made again outside of the order, by the actor's process, after a pause")
    func retriedError() throws {
        var bench = OwnerBench()
        bench.create(.counter)
        let call = bench.call(.counter, "flaky") {
            $0.maxRetries = 1
            $0.retryRule = .anyError
        }
        _ = bench.call(.counter, "next")
        bench.update(.counter, .alive)
        bench.reply(bench.pushes[0], .failed(oops, isApplicationError: true))
        #expect(bench.owner.state(of: call.ref) == nil)
        bench.fire(.retry(call.id, Attempt(epoch: 1, number: 2)))
        #expect(bench.pushed == ["flaky", "next", "flaky"])
        #expect(bench.pushes[2].spec.sequence == TaskSpec.unordered && bench.pushes[2].spec.attempt.number == 2)
        #expect(bench.sent.last?.to == OwnerBench.worker && bench.requests.isEmpty, "no lease is asked for")
        bench.reply(bench.pushes[2], .failed(oops, isApplicationError: true))
        #expect(bench.failure(of: call.ref)?.message == "oops")
        #expect(bench.owner.openCalls(of: .counter) == 1)
    }

    @Test("a call in its pause is made again by the next incarnation, and can be cancelled")
    func pauseAndRestart() {
        var bench = OwnerBench()
        bench.create(.counter)
        let calls = ["a", "b"].map { name in
            bench.call(.counter, name) {
                $0.maxRetries = 2
                $0.retryRule = .anyError
            }
        }
        bench.update(.counter, .alive)
        for push in bench.pushes { bench.reply(push, .failed(oops, isApplicationError: true)) }
        bench.event { $0.cancel(calls[1].ref, force: false, into: &$1) }
        #expect(bench.failure(of: calls[1].ref)?.code == .cancelled)
        bench.update(.counter, .restarting, 2)
        bench.update(.counter, .alive, 2, worker: Self.second)
        #expect(bench.pushed == ["a", "b", "a"])
        bench.fire(.retry(calls[0].id, Attempt(epoch: 1, number: 2)))
        #expect(bench.pushed.count == 3, "the pause is of no interest any more")
    }

    @Test("38: a call that was cancelled in flight is not made again when the process goes")
    func cancelledInFlight() {
        var bench = OwnerBench()
        bench.create(.counter, maxTaskRetries: -1)
        let call = bench.call(.counter), other = bench.call(.counter, "other")
        bench.update(.counter, .alive)
        bench.event { $0.cancel(call.ref, force: false, into: &$1) }
        #expect(bench.cancelledTasks.map(\.task) == [call.id] && bench.owner.state(of: call.ref) == nil)
        bench.update(.counter, .restarting, 2)
        #expect(bench.failure(of: call.ref)?.code == .cancelled)
        bench.event { $0.cancel(other.ref, force: false, into: &$1) }
        #expect(bench.failure(of: other.ref)?.code == .cancelled, "also while it waits for the next incarnation")
        bench.update(.counter, .alive, 2, worker: Self.second)
        #expect(bench.pushed.count == 2)
    }

    @Test("37: a cancelled call that waits for the creation or its arguments is never sent; after its end cancelling does nothing")
    func cancelledEarly() {
        var bench = OwnerBench()
        bench.create(.counter)
        let slow = bench.submit("slow")
        let pending = bench.call(.counter, "pending"), waiting = bench.call(.counter, "waiting", [slow.argument])
        let done = bench.call(.counter, "done")
        for call in [pending, waiting] { bench.event { $0.cancel(call.ref, force: false, into: &$1) } }
        bench.update(.counter, .alive)
        #expect(bench.pushed == ["done"])
        bench.finish(bench.pushes[0])
        bench.event { $0.cancel(done.ref, force: false, into: &$1) }
        #expect(bench.value(of: done.ref) == 1 && bench.cancelledTasks.isEmpty)
    }

    @Test("a connection that broke while the process lives: calls in flight may have run, or are sent again in their order")
    func brokenConnection() {
        var bench = OwnerBench()
        bench.create(.counter, maxTaskRetries: 1)
        let once = bench.call(.counter, "once") { $0.maxRetries = 0 }
        let again = bench.call(.counter, "again")
        bench.update(.counter, .alive)
        bench.event { $0.connectionLost(OwnerBench.worker, now: 0, into: &$1) }
        bench.update(.counter, .alive)
        #expect(bench.pushed.count == 2, "the GCS may not have heard of the end of the process")
        bench.fire(.brokenActor(.counter, connection: 1))
        #expect(bench.failure(of: once.ref)?.code == .actorUnavailable)
        bench.update(.counter, .alive)
        #expect(bench.pushed == ["once", "again", "again"])
        #expect(bench.pushes[2].spec.sequence == 0 && bench.pushes[2].lease.owner == 1)
        #expect(bench.owner.state(of: again.ref) == nil)
    }

    @Test("an actor that leaves says so itself: its open calls fail, and it hears that its answers have come")
    func exiting() {
        var bench = OwnerBench()
        bench.create(.counter, maxTaskRetries: -1)
        let answered = bench.call(.counter, "answered"), open = bench.call(.counter, "open")
        bench.update(.counter, .alive)
        bench.finish(bench.pushes[0])
        bench.receive(
            .actorExiting(ActorExiting(actor: .counter, error: ErrorRecord(.actorDied, "it has exited"))), from: OwnerBench.worker)
        #expect(bench.value(of: answered.ref) == 1)
        #expect(bench.failure(of: open.ref)?.message == "it has exited")
        guard case .actorExitSeen? = bench.sent.last?.message else {
            Issue.record("no answer")
            return
        }
        bench.update(.counter, .alive)
        let late = bench.call(.counter, "late")
        #expect(bench.failure(of: late.ref)?.code == .actorDied, "news of before its end change nothing")
    }

    @Test("calls that were in flight are charged when the first news of the end of their actor's process is its next life")
    func newsSkipped() {
        var bench = OwnerBench()
        bench.create(.counter, maxTaskRetries: 0, maxRestarts: 1)
        bench.update(.counter, .alive)
        let once = bench.call(.counter)
        #expect(bench.pushes.count == 1)
        bench.update(.counter, .alive, 2)
        #expect(bench.pushes.count == 1 && bench.failure(of: once.ref)?.code == .actorUnavailable)
        let next = bench.call(.counter)
        #expect(bench.pushes.last?.spec.id == next.id)
    }
}
