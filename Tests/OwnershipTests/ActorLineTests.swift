import Ownership
import RayflowCore
import Testing

@Suite("The line of calls to an actor")
struct ActorLineTests {
    private static let second = OwnerBench.secondWorker

    @Test("creation goes to the GCS, and calls wait in order until the actor lives")
    func creation() {
        var bench = OwnerBench()
        bench.create(.counter)
        #expect(bench.sent.map(\.to) == [.gcs])
        for name in ["a", "b", "c"] { _ = bench.call(.counter, name) }
        #expect(bench.pushes.isEmpty)
        #expect(bench.story.filter { $0 == "send SubscribeActor" }.count == 1, "once for the line")
        bench.update(.counter, .alive)
        #expect(bench.pushed == ["a", "b", "c"])
        #expect(bench.pushes.map(\.spec.sequence) == [0, 1, 2])
        #expect(bench.sent.last?.to == OwnerBench.worker)
        for push in bench.pushes { bench.finish(push) }
        #expect(bench.owner.pendingTasks == 0)
    }

    @Test("calls keep the order of their submission whatever the order in which their arguments come", arguments: 0..<20)
    func order(seed: Int) {
        var bench = OwnerBench()
        var random = SeededRandom(UInt64(seed))
        bench.create(.counter)
        if seed % 2 == 0 { bench.update(.counter, .alive) }
        let makers = (0..<12).map { bench.submit("maker \($0)") { $0.priority = 1 } }
        let calls = (0..<30).map { index in
            bench.call(
                .counter, "\(index)", random.chance(60) ? [makers[random.below(12)].argument, makers[random.below(12)].argument] : [])
        }
        if seed % 2 == 1 { bench.update(.counter, .alive) }
        while bench.grant() != nil {}
        var open = bench.pushes.filter { $0.spec.kind == .function }
        while !open.isEmpty {
            bench.finish(open.remove(at: random.below(open.count)))
            open += bench.pushes.filter { push in
                push.spec.kind == .function && bench.owner.state(of: push.spec.ref) == nil && !open.contains { $0.spec.id == push.spec.id }
            }
        }
        let sent = bench.pushes.filter { $0.spec.kind == .actorCall }
        #expect(sent.map(\.spec.function.name) == calls.map(\.function.name))
        #expect(sent.map(\.spec.sequence) == (0..<30).map { UInt64($0) })
    }

    @Test("a call that waits for an argument holds up later calls of its caller, not those of another caller in the same process")
    func callers() {
        var bench = OwnerBench()
        bench.create(.counter)
        let maker = bench.submit("maker")
        let waits = bench.call(.counter, "waits", [maker.argument], caller: 1)
        let behind = bench.call(.counter, "behind", caller: 1)
        _ = bench.call(.counter, "other", caller: 2)
        bench.update(.counter, .alive)
        _ = bench.call(.counter, "late", caller: 2)
        #expect(bench.pushed == ["other", "late"])
        bench.grant()
        bench.finish(bench.pushes[2])
        #expect(bench.pushed == ["other", "late", "maker", "waits", "behind"])
        #expect(
            bench.pushes.filter { $0.spec.kind == .actorCall }.map(\.spec.sequence) == [0, 1, 2, 3], "one order for the actor's process")
        for push in bench.pushes where push.spec.kind == .actorCall { bench.finish(push) }
        #expect(bench.owner.state(of: waits.ref) != nil && bench.owner.state(of: behind.ref) != nil)
    }

    @Test("a call whose argument failed is never sent and takes no place in the order")
    func failedArgument() {
        var bench = OwnerBench()
        bench.create(.counter)
        bench.update(.counter, .alive)
        let bad = bench.submit("bad")
        let early = bench.call(.counter, "early", [bad.argument])
        let behind = bench.call(.counter, "behind")
        bench.grant()
        bench.reply(bench.pushes[0], .failed(oops, isApplicationError: true))
        #expect(bench.failure(of: early.ref)?.message == "oops")
        let late = bench.call(.counter, "late", [bad.argument])
        #expect(bench.failure(of: late.ref)?.message == "oops")
        #expect(bench.pushed == ["bad", "behind"])
        #expect(bench.pushes[1].spec.sequence == 0)
        #expect(bench.owner.state(of: behind.ref) == nil)
    }

    @Test("when the actor restarts, calls in flight fail unless they may run again")
    func restartAtMostOnce() {
        var bench = OwnerBench()
        bench.create(.counter)
        let first = bench.call(.counter, "first")
        bench.update(.counter, .alive)
        bench.update(.counter, .restarting, 2, error: ErrorRecord(.workerCrashed, "killed"))
        #expect(bench.failure(of: first.ref)?.code == .actorUnavailable)
        #expect(bench.failure(of: first.ref)?.message.contains("killed") == true, "with the cause")
        let waits = bench.call(.counter, "waits")
        #expect(bench.pushed == ["first"])
        bench.update(.counter, .alive, 2, worker: Self.second)
        #expect(bench.pushed == ["first", "waits"])
        #expect(bench.pushes[1].spec.sequence == 0, "the sequence starts anew")
        #expect(bench.sent.last?.to == Self.second)
        #expect(bench.owner.state(of: waits.ref) == nil)
    }

    @Test("behind a kill of one's own that lets it restart, calls wait for the next life; if the kill was lost, for word that it lives")
    func killAndCall() {
        var bench = OwnerBench()
        bench.create(.counter)
        bench.update(.counter, .alive)
        let before = bench.call(.counter, "before")
        bench.event { $0.kill(.counter, noRestart: false, into: &$1) }
        let after = bench.call(.counter, "after")
        bench.update(.counter, .alive)
        #expect(bench.pushed == ["before"], "the GCS does not know of the end yet")
        bench.update(.counter, .restarting, 2)
        #expect(bench.failure(of: before.ref)?.code == .actorUnavailable)
        bench.update(.counter, .alive, 2, worker: Self.second)
        #expect(bench.pushed == ["before", "after"])
        #expect(bench.owner.state(of: after.ref) == nil)

        bench.event { $0.kill(.counter, noRestart: false, into: &$1) }
        let later = bench.call(.counter, "later")
        bench.fire(.brokenActor(.counter, connection: 2))
        bench.update(.counter, .alive, 2, worker: Self.second)
        #expect(bench.pushed == ["before", "after", "later"])
        #expect(bench.owner.state(of: later.ref) == nil)
    }

    @Test("calls that may run again are sent again in order, before those that were not sent, and only that often")
    func resend() {
        var bench = OwnerBench()
        bench.create(.counter, maxTaskRetries: 1)
        let names = ["a", "b", "c"]
        let calls = names.map { bench.call(.counter, $0) }
        bench.update(.counter, .alive)
        bench.finish(bench.pushes[0])
        bench.update(.counter, .restarting, 2)
        _ = bench.call(.counter, "d")
        bench.update(.counter, .alive, 2, worker: Self.second)
        #expect(bench.pushed == ["a", "b", "c", "b", "c", "d"])
        #expect(bench.pushes[3...].map(\.spec.sequence) == [0, 1, 2])
        #expect(bench.pushes[3...].map(\.spec.attempt.number) == [2, 2, 1])
        // The reply of the first incarnation comes late: it is stale.
        bench.finish(bench.pushes[1], [.value(66)])
        #expect(bench.owner.state(of: calls[1].ref) == nil)
        bench.finish(bench.pushes[3], [.value(2)], from: Self.second)
        #expect(bench.value(of: calls[1].ref) == 2)
        bench.update(.counter, .restarting, 3)
        #expect(bench.failure(of: calls[2].ref) != nil, "its only retry is used")
    }

    @Test("news of a restart that come twice, or of a start that failed, cost a call one retry only")
    func repeatedNews() {
        var bench = OwnerBench()
        bench.create(.counter, maxTaskRetries: 1)
        let call = bench.call(.counter)
        bench.update(.counter, .alive)
        bench.event { $0.connectionLost(OwnerBench.worker, now: 0, into: &$1) }
        bench.update(.counter, .restarting, 2)
        bench.update(.counter, .restarting, 2)
        bench.update(.counter, .restarting, 3)
        #expect(bench.owner.state(of: call.ref) == nil)
        bench.update(.counter, .alive, 3, worker: Self.second)
        #expect(bench.pushed.count == 2)
        bench.finish(bench.pushes[1], [.value(6)], from: Self.second)
        #expect(bench.value(of: call.ref) == 6)
    }

    @Test("when the actor is dead, every call that is open or comes later fails with the reason")
    func dead() {
        var bench = OwnerBench()
        bench.create(.counter, maxTaskRetries: -1)
        let bad = bench.submit("never")
        let sent = bench.call(.counter, "sent"), waits = bench.call(.counter, "waits", [bad.argument])
        bench.update(.counter, .alive)
        #expect(bench.pushed == ["sent"])
        bench.update(.counter, .dead, error: ErrorRecord(.actorDied, "it was killed"))
        let late = bench.call(.counter, "late")
        for call in [sent, waits, late] {
            #expect(bench.failure(of: call.ref)?.code == .actorDied)
            #expect(bench.failure(of: call.ref)?.message == "it was killed")
        }
        #expect(bench.owner.pendingTasks == 1, "only the task that is no call")
    }

    @Test("the fault of a creation is the failure of every call")
    func failedCreation() {
        var bench = OwnerBench()
        let early = bench.call(.counter)
        bench.event { $0.failActor(.counter, ErrorRecord(.notRegistered, "no such type"), into: &$1) }
        let late = bench.call(.counter)
        #expect(bench.failure(of: early.ref)?.code == .notRegistered && bench.failure(of: late.ref)?.code == .notRegistered)
        var other = OwnerBench()
        other.create(.counter)
        let call = other.call(.counter)
        other.receive(.actorReply(ActorReply(request: 1, actor: .counter, error: ErrorRecord(.invalidArgument, "name taken"))), from: .gcs)
        #expect(other.failure(of: call.ref)?.message == "name taken")
    }

    @Test("a broken connection is no news of death: the owner asks the GCS and waits")
    func connectionLost() {
        var bench = OwnerBench()
        bench.create(.counter)
        let call = bench.call(.counter)
        bench.update(.counter, .alive)
        bench.forget()
        bench.event { $0.connectionLost(OwnerBench.worker, now: 0, into: &$1) }
        #expect(bench.story == ["send SubscribeActor", "timer"])
        #expect(bench.owner.state(of: call.ref) == nil)
    }

    @Test("updates of an older incarnation change nothing")
    func oldNews() {
        var bench = OwnerBench()
        bench.create(.counter, maxTaskRetries: 5)
        bench.update(.counter, .alive, 2)
        let call = bench.call(.counter)
        bench.update(.counter, .restarting, 1)
        bench.update(.counter, .alive, 1, worker: Self.second)
        bench.update(.counter, .alive, 2)
        #expect(bench.pushed.count == 1)
        bench.finish(bench.pushes[0])
        #expect(bench.value(of: call.ref) == 1)
    }

    @Test("a durable call is sent again even without retries: the actor's journal knows what it has done")
    func durableResend() {
        var bench = OwnerBench(isDurable: true)
        bench.create(.counter, lineage: LineageID(high: 3, low: 1))
        let call = bench.call(.counter, lineage: LineageID(high: 3, low: 2))
        bench.update(.counter, .alive)
        bench.update(.counter, .restarting, 2)
        bench.update(.counter, .alive, 2, worker: Self.second)
        #expect(bench.pushes.count == 2)
        bench.finish(bench.pushes[1], from: Self.second)
        #expect(bench.value(of: call.ref) == 1)
    }

    @Test("the constructor's arguments are kept for its restarts")
    func keptArguments() {
        var bench = OwnerBench()
        let made = bench.submit("made")
        bench.grant()
        bench.finish(bench.pushes[0])
        var creation = bench.spec("init", [made.argument], results: 0)
        creation.id.actor = .counter
        creation.kind = .actorCreation
        var options = ActorSpecOptions()
        options.maxRestarts = 1
        bench.event { $0.create(creation, options: options, parent: OwnerBench.root, into: &$1) }
        let registered = bench.sent.compactMap { if case .registerActor(let m) = $0.message { m } else { nil } }
        #expect(registered.first?.resolved.map(\.id) == [made.ref])
        bench.release([made.ref])
        bench.update(.counter, .alive, 1)
        bench.update(.counter, .restarting, 2)
        #expect(bench.owner.knows(made.ref))
        bench.update(.counter, .alive, 2)
        #expect(!bench.owner.knows(made.ref), "there is no further life that could need them")
    }

    @Test("the constructor's arguments go with the actor", arguments: [-1, 3])
    func lateArguments(maxRestarts: Int32) {
        var bench = OwnerBench()
        let inner = bench.submit("inner")
        var creation = bench.spec(
            "init",
            [.value(EnclosedPayload(Payload(type: "Ref", bytes: [], refs: [inner.ref]), origins: [bench.owner.origin(of: inner.ref)]))],
            results: 0)
        creation.id.actor = .counter
        creation.kind = .actorCreation
        var options = ActorSpecOptions()
        options.maxRestarts = maxRestarts
        bench.event { $0.create(creation, options: options, parent: OwnerBench.root, into: &$1) }
        bench.grant()
        bench.finish(bench.pushes[0])
        bench.release([inner.ref])
        bench.update(.counter, .alive, 1)
        #expect(bench.owner.knows(inner.ref))
        bench.update(.counter, .dead, 1)
        #expect(!bench.owner.knows(inner.ref))
    }

    @Test("with the last handle, and when its calls have ended, the actor is out of scope")
    func outOfScope() {
        var bench = OwnerBench()
        bench.event { owner, _ in owner.holdHandle(of: .counter, lineage: .none) }
        bench.create(.counter)
        bench.register(.counter)
        bench.update(.counter, .alive)
        let call = bench.call(.counter)
        let handle = ObjectID(handleOf: .counter)
        bench.event { owner, _ in owner.retain(handle) }
        bench.release([handle])
        #expect(bench.outOfScope.isEmpty, "another handle is there")
        bench.release([handle])
        #expect(bench.outOfScope.isEmpty, "a call is under way")
        bench.finish(bench.pushes[0])
        #expect(bench.outOfScope == [.counter])
        bench.release([call.ref])
        #expect(bench.owner.objectCount == 0)
    }

    @Test("detached actors, those found by name and those of durable runs are not counted")
    func uncounted() {
        var bench = OwnerBench()
        let handle = ObjectID(handleOf: .counter)
        bench.event { owner, _ in owner.holdFoundHandle(of: .counter) }
        bench.release([handle])
        bench.event { owner, _ in owner.holdHandle(of: .counter, lineage: .none) }
        var creation = bench.spec("init", results: 0)
        creation.id.actor = .counter
        creation.kind = .actorCreation
        var options = ActorSpecOptions()
        options.isDetached = true
        bench.event { $0.create(creation, options: options, parent: OwnerBench.root, into: &$1) }
        bench.release([handle])
        #expect(bench.owner.objectCount == 0 && bench.outOfScope.isEmpty)
        var durable = OwnerBench(isDurable: true)
        durable.event { owner, _ in owner.holdHandle(of: .counter, lineage: .none) }
        durable.create(.counter)
        durable.release([handle])
        #expect(durable.outOfScope.isEmpty)
    }

    @Test("what the control service missed while it was away is said again")
    func outOfScopeWhileAway() throws {
        var bench = OwnerBench()
        bench.event { owner, _ in owner.holdHandle(of: .counter, lineage: .none) }
        bench.create(.counter)
        bench.register(.counter)
        bench.event { $0.connectionLost(.gcs, now: 0, into: &$1) }
        bench.release([ObjectID(handleOf: .counter)])
        bench.forget()
        bench.fire(.gcs)
        #expect(bench.outOfScope == [.counter])
    }

    @Test("the control service hears that an actor is out of scope only after it has answered for its making, which it might else do later")
    func outOfScopeBeforeRegistered() {
        var bench = OwnerBench()
        bench.event { owner, _ in owner.holdHandle(of: .counter, lineage: .none) }
        bench.create(.counter)
        bench.release([ObjectID(handleOf: .counter)])
        bench.event { $0.connectionLost(.gcs, now: 0, into: &$1) }
        bench.fire(.gcs)
        #expect(bench.outOfScope.isEmpty)
        bench.register(.counter)
        #expect(bench.outOfScope == [.counter])
        bench.receive(.actorOutOfScope(ActorOutOfScope(actor: .counter)), from: .gcs)
        bench.event { $0.connectionLost(.gcs, now: 0, into: &$1) }
        bench.fire(.gcs)
        #expect(bench.outOfScope == [.counter])
    }

    @Test("so many calls may wait for an actor, the next one fails")
    func limit() {
        var bench = OwnerBench()
        bench.owner.pendingCallLimit = 10
        bench.create(.counter)
        for _ in 0..<10 { _ = bench.call(.counter) }
        let beyond = bench.call(.counter)
        #expect(bench.failure(of: beyond.ref)?.code == .tooManyPending)
        bench.update(.counter, .alive)
        bench.finish(bench.pushes[0])
        let next = bench.call(.counter)
        #expect(bench.owner.state(of: next.ref) == nil)
    }

    @Test("kills for good are said again to a GCS that was lost until it answers; others once")
    func killsAgain() {
        var bench = OwnerBench()
        let other = ActorID(unique: 78, salt: 1, job: OwnerBench.job)
        bench.event { $0.kill(.counter, noRestart: true, into: &$1) }
        func kills() -> [KillActor] { bench.sent.compactMap { if case .killActor(let m) = $0.message { m } else { nil } } }
        for round in 1...2 {
            bench.event { $0.connectionLost(.gcs, now: 0, into: &$1) }
            if round == 1 { bench.event { $0.kill(other, noRestart: false, into: &$1) } }
            bench.fire(.gcs)
            #expect(kills().map(\.actor) == (round == 1 ? [.counter, other, .counter] : [.counter, other, .counter, .counter]))
        }
        bench.update(.counter, .dead, error: ErrorRecord(.actorDied, "it was killed"))
        bench.event { $0.connectionLost(.gcs, now: 0, into: &$1) }
        bench.fire(.gcs)
        #expect(kills().count == 4)
    }

    @Test("nothing is owed for a handle that turned out to mean another actor, though it went before that was known")
    func outOfScopeOfAnother() throws {
        var bench = OwnerBench()
        bench.event { owner, _ in owner.holdHandle(of: .counter, lineage: .none) }
        bench.create(.counter)
        bench.release([ObjectID(handleOf: .counter)])
        let request = try #require(bench.sent.compactMap { if case .registerActor(let m) = $0.message { m.request } else { nil } }.first)
        let other = ActorID(unique: 78, salt: 1, job: OwnerBench.job)
        bench.receive(.actorReply(ActorReply(request: request, actor: other, error: nil)), from: .gcs)
        bench.event { $0.connectionLost(.gcs, now: 0, into: &$1) }
        bench.fire(.gcs)
        #expect(bench.outOfScope.isEmpty)
    }

    @Test("an actor that was killed while its registration was lost is killed again behind the next registration")
    func killOfUnregistered() throws {
        var bench = OwnerBench()
        bench.create(.counter)
        bench.event { $0.kill(.counter, noRestart: true, into: &$1) }
        // The GCS has never heard of it.
        bench.update(.counter, .dead, 0)
        bench.forget()
        bench.event { $0.connectionLost(.gcs, now: 0, into: &$1) }
        bench.fire(.gcs)
        let registered = try #require(bench.story.firstIndex(of: "send RegisterActor"))
        #expect(try #require(bench.story.firstIndex(of: "send KillActor")) > registered)
        bench.register(.counter)
        bench.update(.counter, .dead)
        bench.forget()
        bench.event { $0.connectionLost(.gcs, now: 0, into: &$1) }
        bench.fire(.gcs)
        #expect(!bench.story.contains("send KillActor"))
    }

    @Test("a GCS that was lost hears from a process that has made actors, called or not")
    func ownActorsAgain() {
        var bench = OwnerBench()
        bench.create(.counter)
        bench.forget()
        bench.event { $0.connectionLost(.gcs, now: 0, into: &$1) }
        bench.fire(.gcs)
        let subscribed = bench.sent.contains { if case .subscribeActor(let m) = $0.message { m.actor == .counter } else { false } }
        #expect(subscribed)
    }
}
