import Ownership
import RayflowCore
import Testing

@Suite("Actors that come back for calls that are kept")
struct ComebackTests {
    private let handle = ObjectID(handleOf: .counter)
    private let outOfScope = ErrorRecord(.actorDied, "it is out of scope", reason: .outOfScope)

    /// An actor of this process, alive, with one large result of each call.
    private func made(calls: Int, maxRestarts: Int32 = -1, _ arguments: [TaskArgument] = [], in bench: inout OwnerBench) -> [ObjectID] {
        bench.event { owner, _ in owner.holdHandle(of: .counter, lineage: .none) }
        bench.create(.counter, maxTaskRetries: -1, maxRestarts: maxRestarts, arguments)
        bench.register(.counter)
        bench.update(.counter, .alive)
        let refs = (0..<calls).map { _ in bench.call(.counter).ref }
        for push in bench.pushes.suffix(calls) { bench.finish(push, [.large()]) }
        return refs
    }

    private func leave(_ bench: inout OwnerBench, comeback: UInt32 = 0) {
        bench.update(.counter, .dead, comeback + 1, error: outOfScope, comeback: comeback)
    }

    private func asked(_ bench: OwnerBench) -> [RestartActor] {
        bench.sent.compactMap { if case .restartActor(let m) = $0.message { m } else { nil } }
    }

    private func ends(_ bench: OwnerBench) -> [ActorOutOfScope] {
        bench.sent.compactMap { if case .actorOutOfScope(let m) = $0.message { m } else { nil } }
    }

    @Test("49: two results that are lost bring it back once; it is out of scope again with the last call, and for good with the last ref")
    func twice() throws {
        var bench = OwnerBench()
        let refs = made(calls: 2, in: &bench)
        bench.release([handle])
        #expect(ends(bench).map(\.mayComeBack) == [true])
        bench.receive(.actorOutOfScope(try #require(ends(bench).last)), from: .gcs)
        leave(&bench)
        for ref in refs { bench.loseCopies(ref) }
        #expect(asked(bench).map(\.comeback) == [1])
        bench.update(.counter, .restarting, 2, comeback: 1)
        bench.update(.counter, .alive, 2, worker: OwnerBench.secondWorker, comeback: 1)
        let again = bench.pushes.suffix(2)
        #expect(again.map { $0.spec.result(0) } == refs && again.allSatisfy { $0.spec.attempt.number == 2 })
        bench.finish(try #require(again.first), [.large()], from: OwnerBench.secondWorker)
        #expect(ends(bench).count == 1, "a call is open")
        bench.finish(try #require(again.last), [.large()], from: OwnerBench.secondWorker)
        #expect(ends(bench).map(\.comeback) == [0, 1] && ends(bench).last?.mayComeBack == true)
        #expect(refs.allSatisfy { bench.owner.state(of: $0) != nil && bench.failure(of: $0) == nil })
        leave(&bench, comeback: 1)
        bench.release(refs)
        #expect(ends(bench).map(\.comeback) == [0, 1, 1] && ends(bench).last?.mayComeBack == false)
        #expect(bench.owner.objectCount == 0 && bench.owner.keptTasks.count == 0)
    }

    @Test("what was said of the life before changes nothing")
    func late() {
        var bench = OwnerBench()
        let refs = made(calls: 1, in: &bench)
        bench.release([handle])
        // The actor itself says so first.
        bench.receive(.actorExiting(ActorExiting(actor: .counter, error: outOfScope)), from: OwnerBench.worker)
        bench.loseCopies(refs[0])
        leave(&bench)
        bench.update(.counter, .alive)
        #expect(bench.owner.state(of: refs[0]) == nil && asked(bench).count == 1 && bench.pushes.count == 1)
        bench.update(.counter, .alive, 2, comeback: 1)
        #expect(bench.pushes.count == 2)
    }

    @Test("a call that has to run again while the actor ends waits for its next life")
    func ending() {
        var bench = OwnerBench()
        let refs = made(calls: 1, in: &bench)
        bench.release([handle])
        bench.loseCopies(refs[0])
        #expect(bench.pushes.count == 1 && asked(bench).isEmpty)
        leave(&bench)
        #expect(asked(bench).count == 1)
        bench.update(.counter, .alive, 2, comeback: 1)
        #expect(bench.pushes.count == 2)
    }

    @Test("what a control service that was away may have missed is asked for again, until it answers")
    func askedAgain() {
        var bench = OwnerBench()
        let refs = made(calls: 1, in: &bench)
        bench.release([handle])
        leave(&bench)
        bench.event { $0.connectionLost(.gcs, now: 0, into: &$1) }
        bench.loseCopies(refs[0])
        #expect(asked(bench).isEmpty)
        bench.forget()
        bench.fire(.gcs)
        #expect(asked(bench).map(\.comeback) == [1] && ends(bench).isEmpty, "it is in scope")
        bench.update(.counter, .alive, 2, comeback: 1)
        bench.event { $0.connectionLost(.gcs, now: 0, into: &$1) }
        bench.fire(.gcs)
        #expect(asked(bench).count == 1)
    }

    @Test("an answer to the end before does not settle the next one, and what is kept no longer is said after all")
    func answers() throws {
        var bench = OwnerBench()
        let refs = made(calls: 1, in: &bench)
        bench.release([handle])
        let first = try #require(ends(bench).last)
        leave(&bench)
        bench.release(refs)
        #expect(ends(bench).map(\.mayComeBack) == [true, false])
        bench.receive(.actorOutOfScope(first), from: .gcs)
        #expect(ends(bench).map(\.mayComeBack) == [true, false, false])
        bench.receive(.actorOutOfScope(try #require(ends(bench).last)), from: .gcs)
        bench.event { $0.connectionLost(.gcs, now: 0, into: &$1) }
        bench.fire(.gcs)
        #expect(ends(bench).count == 3)
    }

    @Test("when it may not come back, its calls have the reason: killed, without restarts, refused")
    func dead() {
        for why in ["killed", "without restarts", "refused"] {
            var bench = OwnerBench()
            let refs = made(calls: 1, maxRestarts: why == "without restarts" ? 0 : 1, in: &bench)
            bench.release([handle])
            if why == "killed" { bench.event { $0.kill(.counter, noRestart: true, into: &$1) } }
            leave(&bench)
            bench.loseCopies(refs[0])
            #expect(asked(bench).count == (why == "refused" ? 1 : 0), "\(why)")
            if why == "refused" { leave(&bench, comeback: 1) }
            #expect(bench.failure(of: refs[0])?.code == .actorDied, "\(why)")
            bench.release(refs)
            #expect(bench.owner.objectCount == 0)
        }
    }

    @Test("the arguments of its constructor stay as long as a call is kept, other actors do not live for them")
    func arguments() throws {
        var bench = OwnerBench()
        let other = ActorID(unique: 78, salt: 1, job: OwnerBench.job)
        bench.event { owner, _ in owner.holdHandle(of: other, lineage: .none) }
        bench.create(other)
        bench.register(other)
        let data = bench.submit("data")
        bench.grant()
        bench.finish(bench.pushes[0], [.large()])
        let refs = made(calls: 1, [data.argument, bench.holding([ObjectID(handleOf: other)])], in: &bench)
        bench.release([handle, data.ref, ObjectID(handleOf: other)])
        #expect(bench.outOfScope == [.counter])
        leave(&bench)
        #expect(bench.outOfScope == [.counter, other] && bench.owner.knows(data.ref))
        bench.loseCopies(refs[0])
        let message = try #require(asked(bench).last)
        #expect(message.arguments.count == 2 && message.resolved.map(\.id) == [data.ref])
        bench.update(.counter, .alive, 2, comeback: 1)
        bench.finish(try #require(bench.pushes.last), [.large()])
        leave(&bench, comeback: 1)
        bench.release(refs)
        #expect(bench.owner.objectCount == 0 && bench.deleted.contains(data.ref))
    }

    @Test("a call that is cancelled while it waits for the next life lets it end")
    func cancelled() {
        var bench = OwnerBench()
        let refs = made(calls: 1, in: &bench)
        bench.release([handle])
        leave(&bench)
        bench.loseCopies(refs[0])
        bench.event { $0.cancel(refs[0], force: false, into: &$1) }
        #expect(bench.failure(of: refs[0])?.code == .cancelled)
        #expect(ends(bench).map(\.comeback) == [0, 1])
    }
}
