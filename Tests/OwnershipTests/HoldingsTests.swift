import Ownership
import RayflowCore
import Testing

@Suite("What a process knows of the objects that a report on memory asks for")
struct HoldingsTests {
    private func put(_ bench: inout OwnerBench, _ state: ObjectState = .large()) -> ObjectID {
        let id = ObjectID(task: bench.spec().id, index: ObjectID.firstPut)
        bench.event { $0.put(id, state, lineage: .none, into: &$1) }
        return id
    }

    private func holding(_ id: ObjectID, _ bench: OwnerBench) throws -> ObjectHolding {
        try #require(bench.owner.holdings(of: [id]).holdings.first)
    }

    @Test("refs of the program and tasks that have not ended are counted, tasks by name")
    func refsAndTasks() throws {
        var bench = OwnerBench()
        let id = put(&bench)
        bench.event { owner, _ in owner.retain(id) }
        for name in ["sum", "sum", "mean"] { bench.submit(name, [.ref(id, owner: OwnerBench.me)]) }
        bench.submit("nested", [bench.holding([id])])
        let holding = try holding(id, bench)
        #expect(holding.owner == OwnerBench.me && holding.localRefs == 2)
        #expect(holding.taskRefs == 4 && holding.tasks == ["sum": 2, "mean": 1, "nested": 1])
        #expect(holding.captures == 0 && holding.borrowerCount == 0)
    }

    @Test("the constructor of an actor that may start again needs its arguments")
    func constructor() throws {
        var bench = OwnerBench()
        let id = put(&bench)
        bench.event { owner, _ in owner.holdHandle(of: .counter, lineage: .none) }
        bench.create(.counter, maxRestarts: 1, [.ref(id, owner: OwnerBench.me)])
        bench.register(.counter)
        bench.update(.counter, .alive)
        bench.release([id])
        let holding = try holding(id, bench)
        #expect(holding.localRefs == 0 && holding.taskRefs == 1)
    }

    @Test("values that hold a ref are counted and named, at one level")
    func captured() throws {
        var bench = OwnerBench()
        let inner = put(&bench)
        let outer = put(&bench, .value(0, refs: [inner, inner])), second = put(&bench, .value(0, refs: [inner]))
        let outermost = put(&bench, .value(0, refs: [outer]))
        bench.release([inner, outer])
        let found = bench.owner.holdings(of: [inner, outer])
        #expect(found.holdings.map(\.object) == [inner, outer])
        #expect(found.holdings[0].captures == 3 && Set(found.holdings[0].capturedIn) == [outer, second])
        #expect(found.holdings[0].localRefs == 0)
        #expect(found.holdings[1].captures == 1 && found.holdings[1].capturedIn == [outermost])
    }

    @Test("of very many values that hold a ref some are named, and all are counted")
    func manyCaptures() throws {
        var bench = OwnerBench()
        let inner = put(&bench)
        for _ in 0..<100 { _ = put(&bench, .value(0, refs: [inner])) }
        let holding = try holding(inner, bench)
        #expect(holding.captures == 100 && holding.capturedIn.count == Limits.namedHolders)
    }

    @Test("processes that borrow are named, and messages on their way and questions that wait are counted")
    func others() throws {
        var bench = OwnerBench()
        let id = put(&bench), pending = bench.submit("make").ref
        bench.receive(.addBorrower(AddBorrower(stamp: 1, objects: [id])), from: OwnerBench.worker)
        bench.receive(.addBorrower(AddBorrower(stamp: 1, objects: [id])), from: OwnerBench.stranger)
        bench.receive(.getObject(GetObject(request: 1, object: pending)), from: OwnerBench.stranger)
        let outer = put(&bench, .value(0, refs: [id]))
        bench.receive(.getObject(GetObject(request: 2, object: outer)), from: OwnerBench.stranger)
        let first = try holding(id, bench), second = try holding(pending, bench)
        #expect(first.borrowerCount == 2 && first.borrowers == [OwnerBench.worker, OwnerBench.stranger] && first.underWay == 1)
        #expect(second.waiters == 1)
    }

    @Test("a borrowed object is known with its owner; of one that nobody here knows nothing is told")
    func borrowed() throws {
        var bench = OwnerBench()
        let id = ObjectID(task: TaskID(unique: 999, actor: .none(in: OwnerBench.job)), index: 1)
        bench.event { owner, _ in owner.borrow(id, RefOrigin(owner: OwnerBench.stranger, lineage: .none)) }
        let unknown = ObjectID(task: id.task, index: 2)
        let found = bench.owner.holdings(of: [unknown, id, id])
        #expect(found.holdings.count == 1)
        #expect(found.holdings[0].owner == OwnerBench.stranger && found.holdings[0].localRefs == 1)
        #expect(found.borrowedObjects == 1 && found.largeObjects == 0)
    }

    @Test("what made an object is known while its task has not ended, and as long as it is kept to run again")
    func makers() {
        var bench = OwnerBench()
        let named = bench.submit("make") { $0.name = "shown" }, kept = bench.submit("keep"),
            once = bench.submit("once") { $0.maxRetries = 0 }
        let putByTask = ObjectID(task: named.id, index: ObjectID.firstPut)
        for _ in 0..<3 { bench.grant() }
        for push in bench.pushes where push.spec.id != named.id { bench.finish(push, [.large()]) }
        let makers = bench.owner.holdings(of: [putByTask, kept.ref, once.ref]).makers
        #expect(makers == [named.id: "shown", kept.id: "keep"])
    }

    @Test("small values, large ones, failures and what is pending are counted apart; handles of actors are no values")
    func sums() {
        var bench = OwnerBench()
        _ = put(&bench, .value(1))
        _ = put(&bench, .value(2))
        _ = put(&bench, .large(size: 3 << 20))
        _ = put(&bench, .failed(oops))
        bench.submit("make", results: 2)
        bench.event { owner, _ in owner.holdHandle(of: .counter, lineage: .none) }
        let sums = bench.owner.holdings(of: [])
        #expect(sums.smallObjects == 2 && sums.smallBytes == 2 && sums.largeObjects == 1 && sums.largeBytes == 3 << 20)
        #expect(sums.failedObjects == 1 && sums.pendingObjects == 2 && sums.borrowedObjects == 0 && sums.holdings.isEmpty)
    }
}
