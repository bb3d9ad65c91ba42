import RayflowCore
import Testing

@testable import GCS

@Suite("Actors of durable runs") struct DurableActorTests {
    private let call = LoggedCall(
        lineage: LineageID(high: 9, low: 9), method: FunctionReference(index: 1, name: "add"), arguments: [], outcome: .finished([]))

    private func loaded(_ bench: inout GCSBench, _ actor: ActorID, _ calls: [LoggedCall]) {
        bench.step { $0.actorHistoryLoaded(actor, calls, now: $1, into: &$2) }
    }

    @Test("an actor without a past is built at once") func noPast() throws {
        var bench = GCSBench()
        let actor = bench.register(durable: true)
        #expect(bench.loads == [actor])
        #expect(bench.requests == 0)
        loaded(&bench, actor, [])
        #expect(bench.requests == 1)
    }

    @Test("an actor with a past is built when somebody asks for it, and runs its calls again") func dormant() throws {
        var bench = GCSBench()
        let actor = bench.register(durable: true)
        loaded(&bench, actor, [call])
        #expect(bench.requests == 0)
        #expect(bench.gcs.actorViews.first?.state == .pending)
        bench.subscribe(actor)
        #expect(bench.requests == 1)
        let (_, worker) = try bench.grant()
        #expect(bench.lastPush?.replay.map(\.lineage) == [call.lineage])
        try bench.answer(from: worker)
        #expect(bench.updates().map(\.state) == [.pending, .alive])
    }

    @Test("an actor that somebody waits for already is not dormant") func awaited() {
        var bench = GCSBench()
        let actor = bench.register(durable: true)
        bench.subscribe(actor)
        loaded(&bench, actor, [call])
        #expect(bench.requests == 1)
    }

    @Test("every restart reads the calls anew") func restart() throws {
        var bench = GCSBench()
        let actor = bench.register(restarts: 1, durable: true)
        loaded(&bench, actor, [])
        let life = try bench.bringToLife()
        bench.lose(life.lease, life.worker)
        try bench.restart()
        #expect(bench.loads == [actor, actor])
        #expect(bench.requests == 1)
        loaded(&bench, actor, [call, call])
        try bench.grant()
        #expect(bench.lastPush?.replay.count == 2)
    }

    @Test("a node that joins while an actor pauses or loads does not skip the reading") func joinWhileLoading() throws {
        var bench = GCSBench()
        let actor = bench.register(restarts: 1, durable: true)
        bench.join(2)
        #expect(bench.requests == 0)
        loaded(&bench, actor, [])
        let life = try bench.bringToLife()
        bench.lose(life.lease, life.worker)
        bench.join(3)
        #expect(bench.requests == 1)
    }

    @Test("calls that cannot be read are the end of the actor") func unreadable() {
        var bench = GCSBench()
        let actor = bench.register(restarts: 3, durable: true)
        bench.subscribe(actor)
        bench.step { $0.actorHistoryFailed(actor, ErrorRecord(.corrupt, "bad checksum"), now: $1, into: &$2) }
        #expect(bench.updates().last?.error?.message == "actor Counter is dead: the calls to run again cannot be read: bad checksum")
        loaded(&bench, actor, [])
        #expect(bench.requests == 0)
    }

    @Test("an id of an earlier epoch stands for the present actor, and updates carry the id that was asked for") func aliases() throws {
        var bench = GCSBench()
        let old = GCSBench.actor(90), early = GCSBench.actor(91)
        bench.subscribe(early)
        let actor = bench.register(durable: true)
        bench.step { $0.alias(old: old, to: actor, now: $1, into: &$2) }
        loaded(&bench, actor, [call])
        bench.step { $0.alias(old: early, to: old, now: $1, into: &$2) }
        #expect(bench.updates().map(\.actor) == [early])
        #expect(bench.requests == 1, "asked for, so it is built")
        bench.subscribe(old)
        bench.subscribe(actor)
        try bench.bringToLife()
        #expect(bench.updates().suffix(3).map(\.actor) == [early, old, actor])
        bench.receive(.killActor(KillActor(actor: old, noRestart: true)), from: GCSBench.driver)
        #expect(bench.updates().suffix(3).map(\.state) == [.dead, .dead, .dead])
    }

    @Test("an alias of nobody, of itself or of a living actor is ignored") func oddAliases() {
        var bench = GCSBench()
        let actor = bench.register(1), other = bench.register(2)
        for (old, target) in [(actor, actor), (actor, other), (GCSBench.actor(8), GCSBench.actor(9))] {
            bench.step { $0.alias(old: old, to: target, now: $1, into: &$2) }
        }
        #expect(bench.gcs.actors.aliases.isEmpty)
    }
}
