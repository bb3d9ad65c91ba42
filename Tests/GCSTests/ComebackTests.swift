import RayflowCore
import Testing

@testable import GCS

@Suite("Actors that come back after they were out of scope") struct ComebackTests {
    private let argument = Payload(type: "Int", bytes: [9])

    private func restart(_ actor: ActorID, _ comeback: UInt32 = 1) -> Message {
        .restartActor(RestartActor(actor: actor, comeback: comeback, arguments: [.value(EnclosedPayload(argument))], resolved: []))
    }

    private func leave(_ actor: ActorID, _ comeback: UInt32 = 0, mayComeBack: Bool = true) -> Message {
        .actorOutOfScope(ActorOutOfScope(actor: actor, comeback: comeback, mayComeBack: mayComeBack))
    }

    /// It has left, and may come back.
    private func leave(_ actor: ActorID, at worker: Address, comeback: UInt32 = 0, _ bench: inout GCSBench) {
        bench.receive(leave(actor, comeback), from: GCSBench.driver)
        bench.receive(.actorExiting(ActorExiting(actor: actor, error: ErrorRecord(.actorDied, "it was ended"))), from: worker)
    }

    private func last(_ bench: GCSBench) throws -> ActorUpdate { try #require(bench.updates(to: GCSBench.driver).last) }

    @Test("it is constructed again from the arguments that its creator has kept, as a restart, and ends again")
    func life() throws {
        var bench = GCSBench()
        let actor = bench.register(name: "a", restarts: 1)
        bench.subscribe(actor, from: GCSBench.driver)
        let first = try bench.bringToLife()
        leave(actor, at: first.worker, &bench)
        let end = try last(bench)
        #expect(end.state == .dead && end.error?.reason == .outOfScope && end.comeback == 0)
        bench.register(2, name: "a")
        bench.receive(restart(actor), from: GCSBench.driver)
        let news = try last(bench)
        #expect(news.state == .restarting && news.incarnation == 2 && news.comeback == 1)
        try bench.restart()
        let second = try bench.bringToLife(worker: 501)
        let push = try #require(bench.lastPush)
        #expect(push.spec.arguments == [.value(EnclosedPayload(argument))] && push.spec.attempt.number == 2)
        #expect(try last(bench).state == .alive)
        #expect(bench.gcs.actors.names[ActorName(name: "a", namespace: "")] == GCSBench.actor(2), "its name is another's")
        leave(actor, at: second.worker, comeback: 1, &bench)
        #expect(try last(bench).state == .dead)
        #expect(bench.returned(second.lease) == [true])
        bench.receive(restart(actor, 2), from: GCSBench.driver)
        let refused = try last(bench)
        #expect(refused.state == .dead && refused.comeback == 2, "it has no restart left")
    }

    @Test("a request that comes twice, or an end that comes late, changes nothing and is answered")
    func repeated() throws {
        var bench = GCSBench()
        let actor = bench.register(restarts: -1)
        bench.subscribe(actor, from: GCSBench.driver)
        let first = try bench.bringToLife()
        leave(actor, at: first.worker, &bench)
        for _ in 0..<2 { bench.receive(restart(actor), from: GCSBench.driver) }
        try bench.restart()
        let second = try bench.bringToLife(worker: 501)
        bench.receive(restart(actor), from: GCSBench.driver)
        bench.receive(leave(actor), from: GCSBench.driver)
        bench.fire(.endActor(actor, incarnation: 1))
        let news = try last(bench)
        #expect(news.state == .alive && news.incarnation == 2 && news.worker == second.worker)
        #expect(bench.requests == 2)
    }

    @Test("its creator may have heard of the end before the control service has")
    func early() throws {
        var bench = GCSBench()
        let actor = bench.register(restarts: -1)
        let first = try bench.bringToLife()
        bench.receive(leave(actor), from: GCSBench.driver)
        bench.receive(restart(actor), from: GCSBench.driver)
        #expect(bench.returned(first.lease) == [true])
        try bench.restart()
        let second = try bench.bringToLife(worker: 501)
        bench.receive(.actorExiting(ActorExiting(actor: actor, error: ErrorRecord(.actorDied, "it was ended"))), from: first.worker)
        let news = try last(bench)
        #expect(news.state == .alive && news.worker == second.worker)
    }

    @Test("what was killed, what has no restarts, what nothing is kept of, and what is not known stays dead, and its creator hears it")
    func refused() throws {
        var bench = GCSBench()
        let killed = bench.register(1, restarts: 1), last = bench.register(2), useless = bench.register(3, restarts: 1)
        bench.receive(.killActor(KillActor(actor: killed, noRestart: true)), from: GCSBench.driver)
        bench.receive(leave(killed), from: GCSBench.driver)
        bench.receive(leave(last), from: GCSBench.driver)
        bench.receive(leave(useless), from: GCSBench.driver)
        // With the last call that was kept.
        bench.receive(leave(useless, mayComeBack: false), from: GCSBench.driver)
        #expect(bench.gcs.actors.actors[useless]?.update(for: useless).error?.reason == .refDeleted)
        for actor in [killed, last, useless, GCSBench.actor(99)] {
            bench.sent = []
            bench.receive(restart(actor), from: GCSBench.driver)
            #expect(bench.updates(to: GCSBench.driver).map(\.state) == [.dead])
            #expect(bench.updates(to: GCSBench.driver).map(\.comeback) == [1])
        }
    }

    @Test("nothing comes back to a job that has ended")
    func jobEnded() {
        var bench = GCSBench()
        let actor = bench.register(restarts: 1)
        bench.receive(leave(actor), from: GCSBench.driver)
        bench.receive(.jobEnded(JobEnded(job: GCSBench.job)), from: GCSBench.driver)
        bench.receive(restart(actor), from: GCSBench.driver)
        #expect(bench.gcs.actors.actors[actor]?.isDead == true)
    }

    @Test("a control service that starts again knows of a comeback, with the arguments, and of the end before it")
    func restarted() throws {
        var bench = GCSBench(isStored: true)
        let actor = bench.register(name: "a", restarts: 2)
        let first = try bench.bringToLife()
        leave(actor, at: first.worker, &bench)
        bench.restartGCS()
        bench.receive(restart(actor), from: GCSBench.driver)
        bench.restartGCS()
        #expect(bench.gcs.actors.names.isEmpty)
        bench.rejoin(1)
        try bench.restart()
        try bench.bringToLife(worker: 501)
        #expect(bench.lastPush?.spec.arguments == [.value(EnclosedPayload(argument))])
        bench.receive(restart(actor), from: GCSBench.driver)
        let news = try last(bench)
        #expect(news.state == .alive && news.incarnation == 2 && news.comeback == 1)
    }

    @Test("the dead that live again are not forgotten for those that died later")
    func remembered() throws {
        var bench = GCSBench(remembered: 2)
        let actor = bench.register(restarts: -1)
        bench.receive(leave(actor), from: GCSBench.driver)
        bench.receive(restart(actor), from: GCSBench.driver)
        for number in UInt64(2)...5 {
            let other = bench.register(number)
            bench.receive(leave(other), from: GCSBench.driver)
        }
        #expect(bench.gcs.actors.actors[actor]?.isDead == false)
    }
}
