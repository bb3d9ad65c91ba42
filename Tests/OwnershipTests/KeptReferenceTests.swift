import Ownership
import RayflowCore
import Testing

@Suite("References of kept tasks")
struct KeptReferenceTests {
    @Test("what lies inside the arguments stays known without its value, and is made again for who asks")
    func nested() {
        var bench = OwnerBench()
        let inner = bench.submit("inner")
        bench.grant()
        bench.finish(bench.pushes[0], [.large()])
        let outer = bench.submit("outer", [bench.holding([inner.ref])])
        bench.release([inner.ref])
        bench.finish(bench.pushes[1], [.large()])
        #expect(bench.deleted == [inner.ref] && bench.owner.knows(inner.ref))
        bench.loseCopies(outer.ref)
        #expect(bench.pushed == ["inner", "outer", "outer"])
        bench.receive(.getObject(GetObject(request: 1, object: inner.ref)), from: OwnerBench.worker)
        bench.grant(OwnerBench.secondWorker)
        #expect(bench.pushed == ["inner", "outer", "outer", "inner"] && bench.answers.isEmpty)
        bench.finish(bench.pushes[3], [.large()], from: OwnerBench.secondWorker)
        #expect(bench.answers.map(\.request) == [1])
        bench.finish(bench.pushes[2], [.large()])
        #expect(bench.owner.isFinished(outer.ref))
        bench.release([outer.ref])
        #expect(bench.owner.objectCount == 0 && bench.owner.keptTasks.count == 0)
    }

    @Test("what a result that nobody needs refers to stays known for the others")
    func dropped() {
        var bench = OwnerBench()
        let data = bench.submit("data")
        bench.grant()
        bench.finish(bench.pushes[0], [.large()])
        let both = bench.submit("both", [data.argument], results: 2)
        bench.release([data.ref, both.result(0)])
        bench.finish(bench.pushes[1], [.value(1, refs: [data.ref]), .large()])
        #expect(bench.owner.knows(data.ref) && !bench.owner.knows(both.result(0)))
        bench.loseCopies(both.result(1))
        #expect(bench.pushed == ["data", "both", "data"])
        bench.finish(bench.pushes[2], [.large()])
        #expect(bench.pushed == ["data", "both", "data", "both"])
        bench.finish(bench.pushes[3], [.value(1, refs: [data.ref]), .large()])
        #expect(bench.owner.isFinished(both.result(1)))
        bench.release([both.result(1)])
        #expect(bench.owner.objectCount == 0)
    }

    @Test("an actor does not live for a task that may run again")
    func handle() {
        var bench = OwnerBench()
        bench.create(.counter)
        bench.register(.counter)
        let handle = ObjectID(handleOf: .counter)
        bench.event { owner, _ in owner.holdHandle(of: .counter, lineage: .none) }
        let task = bench.submit("task", [bench.holding([handle])])
        bench.grant()
        bench.finish(bench.pushes[0], [.large()])
        bench.release([handle])
        #expect(bench.outOfScope == [.counter] && bench.owner.keptTasks.count == 1)
        bench.loseCopies(task.ref)
        bench.finish(bench.pushes[1], [.large()])
        #expect(bench.owner.isFinished(task.ref))
    }

    @Test("what a process has only borrowed for a kept task it keeps at its owner, and asks for again")
    func borrowed() throws {
        var bench = OwnerBench()
        let id = ObjectID(task: bench.spec().id, index: 1)
        bench.event { owner, out in
            owner.borrow(id, RefOrigin(owner: OwnerBench.stranger, lineage: .none))
            owner.watch(id, into: &out)
        }
        let first = try #require(bench.questions.first?.0)
        bench.receive(.objectReply(ObjectReply(request: first.request, object: id, state: .large())), from: OwnerBench.stranger)
        let task = bench.submit("task", [.ref(id, owner: OwnerBench.stranger)])
        bench.grant()
        bench.finish(bench.pushes[0], [.large()])
        bench.event { owner, out in _ = owner.letGoArguments([id], into: &out) }
        #expect(bench.claims.map(\.to) == [OwnerBench.stranger] && bench.givenBack.isEmpty && bench.deleted.isEmpty)
        bench.loseCopies(task.ref)
        let second = try #require(bench.questions.last?.0)
        #expect(second.request != first.request && bench.pushes.count == 1)
        bench.receive(.objectReply(ObjectReply(request: second.request, object: id, state: .large())), from: OwnerBench.stranger)
        bench.finish(bench.pushes[1], [.large()])
        bench.release([task.ref])
        #expect(bench.givenBack.map(\.to) == [OwnerBench.stranger] && bench.owner.objectCount == 0)
    }
}
