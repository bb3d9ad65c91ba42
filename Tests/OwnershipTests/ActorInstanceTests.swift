import Ownership
import RayflowCore
import Testing

@Suite("The order and concurrency of an actor's calls")
struct ActorInstanceTests {
    @Test("calls of one caller start in their order, one at a time, however they arrive")
    func order() {
        var bench = ActorBench()
        let calls = ["a", "b", "c"].map { bench.call($0) }
        bench.push(calls[2])
        bench.push(calls[1])
        #expect(bench.started.isEmpty)
        bench.push(calls[0])
        #expect(bench.started == ["a"])
        bench.push(calls[1])
        for call in calls { bench.finish(call) }
        #expect(bench.started == ["a", "b", "c"], "the same push again starts nothing")
        bench.push(calls[0])
        #expect(bench.started.count == 3)
    }

    @Test("nothing starts before the actor is built")
    func building() {
        var bench = ActorBench(isBuilt: false)
        bench.push("a")
        #expect(bench.started.isEmpty)
        bench.event { $0.built(into: &$1) }
        #expect(bench.started == ["a"])
    }

    @Test("a gap in the calls of one caller holds up no other caller")
    func callers() {
        var bench = ActorBench()
        let missing = bench.call("missing")
        bench.push("late")
        bench.push("other", from: ActorBench.second)
        #expect(bench.started == ["other"])
        bench.push(missing)
        #expect(bench.started == ["other"])
    }

    @Test("as many calls run as may, and no more", arguments: [1, 3, 10])
    func limit(limit: Int) {
        var bench = ActorBench(limit: limit)
        let calls = (0..<20).map { bench.push("\($0)") }
        #expect(bench.started.count == limit)
        bench.finish(calls[0])
        #expect(bench.started.count == limit + 1)
    }

    @Test("a group that is full holds up neither the default group nor another one, and a missing group is named")
    func groups() {
        var bench = ActorBench(groups: [CallGroup(name: "io", limit: 2), CallGroup(name: "cpu", limit: 1)])
        bench.push("main 1")
        bench.push("main 2")
        for index in 1...3 { bench.push("io \(index)", group: "io") }
        bench.push("cpu 1", group: "cpu")
        #expect(bench.started == ["main 1", "io 1", "io 2", "cpu 1"])
        #expect(bench.instance.concurrency == 4)
        bench.push("nowhere", group: "net")
        #expect(bench.code("nowhere") == .invalidArgument)
    }

    @Test("a call that is made again has no place in the order, and never runs beside its earlier attempt")
    func attempts() {
        var bench = ActorBench(limit: 2)
        let call = bench.push("a")
        var again = call
        again.spec.attempt.number = 2
        again.spec.sequence = TaskSpec.unordered
        bench.push(again)
        #expect(bench.started == ["a"])
        bench.push(call)
        bench.push("b")
        #expect(bench.started == ["a", "b"], "the retry holds up nothing")
        bench.finish(call)
        #expect(bench.started == ["a", "b", "a"])
        bench.push(call)
        bench.finish(again)
        #expect(bench.started.count == 3)
    }

    @Test("behind a broken connection the order of a caller begins anew")
    func connection() {
        var bench = ActorBench()
        _ = bench.call("lost")
        bench.push("early")
        var again = bench.call("again", sequence: 0)
        again.lease.owner = 1
        bench.push(again)
        #expect(bench.started == ["again"])
    }

    @Test("a cancelled call never starts, whether it is queued or before its turn; what runs is left alone")
    func cancel() {
        var bench = ActorBench()
        let running = bench.push("running"), queued = bench.push("queued")
        let missing = bench.call("missing"), early = bench.push("early")
        bench.push("last")
        for call in [running, queued, early] { bench.event { $0.cancel(call.spec.id, into: &$1) } }
        #expect(bench.replies.map(\.name) == ["queued", "early"])
        bench.push(missing)
        bench.finish(running)
        bench.finish(missing)
        #expect(bench.started == ["running", "missing", "last"])
    }

    @Test("when the actor exits, running calls end, queued ones never start, callers are told after the last answer")
    func exit() {
        var bench = ActorBench(limit: 2)
        let exits = bench.push("exits"), runs = bench.push("runs", from: ActorBench.second)
        bench.push("queued")
        bench.event { $0.exit("Counter", into: &$1) }
        bench.finish(exits)
        #expect(bench.told.isEmpty)
        bench.event { $0.finished(runs, outcome: nil, into: &$1) }
        #expect(bench.told.isEmpty, "its answer is not sent")
        bench.event { $0.answered(into: &$1) }
        #expect(bench.told == [ActorBench.first, ActorBench.second])
        bench.push("late")
        #expect(bench.code("late") == .actorDied)
        bench.event { $0.exitSeen(ActorBench.actor, from: ActorBench.first, into: &$1) }
        #expect(!bench.hasLeft)
        bench.event { $0.callerGone(ActorBench.second, into: &$1) }
        #expect(bench.hasLeft)
        #expect(bench.started == ["exits", "runs"])
    }

    @Test("an actor that nobody needs runs the calls at hand, then leaves")
    func drain() {
        var bench = ActorBench()
        let a = bench.push("a"), b = bench.push("b")
        bench.event { $0.drain("Counter", into: &$1) }
        bench.finish(a)
        #expect(bench.started == ["a", "b"] && bench.told.isEmpty)
        bench.finish(b)
        #expect(bench.told == [ActorBench.first])
        bench.event { $0.exitExpired(into: &$1) }
        #expect(bench.hasLeft, "callers that do not answer are not waited for")
        var idle = ActorBench()
        idle.event { $0.drain("Counter", into: &$1) }
        #expect(idle.hasLeft)
    }

    @Test("a GCS that was lost hears the last word of an actor again, once after each loss, and nothing of one that lives")
    func leavesAgain() {
        var bench = ActorBench()
        bench.event { $0.callerGone(.gcs, into: &$1) }
        #expect(bench.exitTimers == 0)
        bench.event { $0.drain("Counter", into: &$1) }
        #expect(bench.lastWords == 1)
        for round in 1...2 {
            bench.event { $0.callerGone(.gcs, into: &$1) }
            bench.event { $0.callerGone(.gcs, into: &$1) }
            #expect(bench.exitTimers == round, "one end may be told twice")
            bench.event { $0.exitExpired(into: &$1) }
            bench.event { $0.exitExpired(into: &$1) }
            #expect(bench.lastWords == 1 + round)
        }
    }

    @Test("a wait for a call of the own actor is refused when it could never end, and only then")
    func deadlock() {
        var bench = ActorBench(limit: 2, groups: [CallGroup(name: "io", limit: 1)])
        let a = bench.push("a"), io = bench.push("io", group: "io")
        // Calls that this process has made itself.
        let own = bench.call("own", sequence: 9).spec.id
        func wait(_ call: PushTask, _ group: String) -> Bool { bench.instance.wait(call.spec.id, for: own, group: group) }
        #expect(!wait(a, ""), "one more may run")
        let b = bench.push("b")
        #expect(!wait(b, "io"), "the other group goes on")
        #expect(!wait(io, ""), "the default group goes on")
        #expect(wait(b, ""), "all that may run wait for each other")
        bench.instance.endWait(a.spec.id, for: own)
        #expect(!wait(b, ""))
        #expect(wait(io, "io"))
    }

    @Test("a wait for a call of another's is refused when that call stands behind, and not when it may have ended")
    func deadlockWithOther() {
        var bench = ActorBench()
        let ended = bench.push("ended")
        bench.finish(ended)
        let call = bench.push("call"), behind = bench.push("behind", from: ActorBench.second)
        func wait(_ other: PushTask) -> Bool { bench.instance.wait(call.spec.id, for: other.spec.id, group: nil) }
        #expect(!wait(ended), "its owner will say what became of it")
        bench.instance.endWait(call.spec.id, for: ended.spec.id)
        #expect(wait(behind))
        #expect(wait(call), "for itself")
        let early = bench.call("early", sequence: 7)
        bench.push(early)
        #expect(wait(early))
    }

    @Test("a wait is found to be endless when the call that is waited for comes")
    func lateDeadlock() {
        var bench = ActorBench()
        let call = bench.push("call"), late = bench.call("late", from: ActorBench.second),
            later = bench.call("later", from: ActorBench.second)
        let isRefused = bench.instance.wait(call.spec.id, for: late.spec.id, group: nil)
        #expect(!isRefused)
        bench.push(late)
        #expect(bench.deadlocks == [late.spec.id])
        bench.instance.endWait(call.spec.id, for: late.spec.id)
        let isRefusedAgain = bench.instance.wait(call.spec.id, for: later.spec.id, group: nil)
        bench.instance.endWait(call.spec.id, for: later.spec.id)
        bench.push(later)
        #expect(!isRefusedAgain && bench.deadlocks.count == 1, "that wait was over")
        bench.finish(call)
        bench.finish(late)
        #expect(bench.started == ["call", "late", "later"])
    }
}
