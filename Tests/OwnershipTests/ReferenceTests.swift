import Ownership
import RayflowCore
import Testing

@Suite("References and borrowed objects")
struct ReferenceTests {
    @Test("when the last reference is gone the object is forgotten and its copies are deleted")
    func lastReference() {
        var bench = OwnerBench()
        let task = bench.submit(results: 2)
        bench.grant()
        bench.finish(bench.pushes[0], [.large(on: [OwnerBench.node, OwnerBench.otherNode]), .value(1)])
        bench.event { owner, _ in owner.retain(task.ref) }
        bench.release(task.results)
        #expect(bench.owner.objectCount == 1 && bench.deleted.isEmpty)
        bench.release([task.ref])
        #expect(bench.owner.objectCount == 0)
        #expect(bench.deleted == [task.ref, task.ref], "once on each node")
    }

    @Test("results that nobody wants are forgotten when the task ends, not before")
    func dropped() {
        var bench = OwnerBench()
        let task = bench.submit()
        bench.release([task.ref])
        #expect(bench.owner.knows(task.ref))
        bench.grant()
        bench.finish(bench.pushes[0])
        #expect(bench.owner.objectCount == 0)
    }

    @Test("arguments are kept while a task needs them, through retries", arguments: [true, false])
    func arguments(succeeds: Bool) throws {
        var bench = OwnerBench()
        let a = bench.submit("a"), b = bench.submit("b", [a.argument]) { $0.maxRetries = 1 }
        bench.release([a.ref])
        bench.grant()
        bench.finish(bench.pushes[0], [.large()])
        #expect(bench.deleted.isEmpty && bench.owner.counts(of: a.ref)?.submitted == 1)
        let lease = bench.pushes[1].lease
        bench.lose(lease)
        bench.fire(try #require(bench.retries.first?.timer))
        let second = try bench.granted()
        if succeeds { bench.finish(bench.pushes[2]) } else { bench.lose(second) }
        #expect(bench.deleted == [a.ref])
        bench.release([b.ref])
        #expect(bench.owner.objectCount == 0)
    }

    @Test("a value keeps the refs inside it alive, at any depth")
    func nested() {
        var bench = OwnerBench()
        let maker = bench.spec()
        let inner = ObjectID(task: maker.id, index: ObjectID.firstPut), outer = ObjectID(task: maker.id, index: ObjectID.firstPut + 1)
        let outermost = ObjectID(task: maker.id, index: ObjectID.firstPut + 2)
        bench.event { owner, out in
            owner.put(inner, .value(1), lineage: .none, into: &out)
            owner.put(outer, .value(0, refs: [inner, inner]), lineage: .none, into: &out)
            owner.put(outermost, .value(0, refs: [outer]), lineage: .none, into: &out)
        }
        bench.release([inner, outer])
        #expect(bench.owner.objectCount == 3)
        bench.release([outermost])
        #expect(bench.owner.objectCount == 0)
    }

    @Test("a ref inside a result that is said to be this process's own, and was forgotten, is lost and not waited for")
    func forgottenInside() {
        var bench = OwnerBench()
        let inner = bench.spec().result(0)
        let task = bench.submit()
        bench.grant()
        bench.reply(bench.pushes[0], .finished([.value(0, refs: [inner])]))
        #expect(bench.failure(of: inner)?.code == .objectLost)
        bench.release([task.ref])
        #expect(bench.owner.objectCount == 0)
    }

    @Test("refs inside an argument are held until the task ends, however it ends", arguments: [true, false])
    func carried(succeeds: Bool) {
        var bench = OwnerBench()
        let inner = bench.submit("inner")
        bench.submit(
            "f", [.value(EnclosedPayload(Payload(type: "Ref", bytes: [], refs: [inner.ref]), origins: [bench.owner.origin(of: inner.ref)]))]
        )
        bench.release([inner.ref])
        bench.grant()
        bench.finish(bench.pushes[0], [.large()])
        #expect(bench.owner.counts(of: inner.ref)?.submitted == 1)
        if succeeds { bench.finish(bench.pushes[1]) } else { bench.reply(bench.pushes[1], .failed(oops, isApplicationError: true)) }
        #expect(!bench.owner.knows(inner.ref) && bench.deleted == [inner.ref])
    }

    @Test("objects that move with a result are owned here before the result can be seen")
    func moved() throws {
        var bench = OwnerBench()
        let task = bench.submit()
        bench.grant()
        let child = ObjectID(task: TaskID(unique: 999, actor: .none(in: OwnerBench.job)), index: 1)
        bench.reply(
            bench.pushes[0], .finished([.value(0, refs: [child], owner: OwnerBench.worker)]),
            moved: [MovedObject(id: child, lineage: .none, state: .value(5))])
        #expect(bench.ready == [child, task.ref])
        #expect(bench.owner.owner(of: child) == OwnerBench.me)
        #expect(bench.value(of: child) == 5)
        // A task that takes the moved object finds it here.
        bench.submit("g", [.ref(child, owner: OwnerBench.worker)])
        #expect(bench.pushes.last?.resolved.first?.owner == OwnerBench.me)
        // Who made it may still need it, and says when no longer.
        bench.finish(bench.pushes[1])
        bench.release([task.ref])
        #expect(bench.owner.knows(child))
        bench.receive(.releaseBorrower(ReleaseBorrower(stamp: 1, objects: [child])), from: OwnerBench.worker)
        #expect(!bench.owner.knows(child))
    }

    @Test("a borrowed object is asked of its owner once, and all who wait here get it")
    func borrowed() throws {
        var bench = OwnerBench()
        let id = ObjectID(task: TaskID(unique: 999, actor: .none(in: OwnerBench.job)), index: 1)
        bench.event { owner, _ in owner.borrow(id, RefOrigin(owner: OwnerBench.stranger, lineage: .none)) }
        bench.event { $0.watch(id, into: &$1) }
        let task = bench.submit("f", [.ref(id, owner: OwnerBench.stranger)])
        #expect(bench.questions.count == 1)
        let question = try #require(bench.questions.first)
        #expect(question.to == OwnerBench.stranger)
        bench.receive(.objectReply(ObjectReply(request: question.0.request, object: id, state: .value(7))), from: OwnerBench.stranger)
        #expect(bench.ready == [id])
        bench.grant()
        #expect(bench.pushes.first?.resolved.first?.owner == OwnerBench.stranger)
        bench.receive(.objectReply(ObjectReply(request: question.0.request, object: id, state: .value(8))), from: OwnerBench.stranger)
        #expect(bench.value(of: id) == 7, "only the first answer counts")
        bench.finish(bench.pushes[0])
        bench.release([id, task.ref])
        #expect(bench.owner.objectCount == 0)
        #expect(bench.deleted.isEmpty, "a borrower deletes nothing")
    }

    @Test("an owner that no longer knows the object, or is gone, is a typed failure")
    func lostOwners() throws {
        var bench = OwnerBench()
        let ids = (1...2).map { ObjectID(task: TaskID(unique: 999, actor: .none(in: OwnerBench.job)), index: $0) }
        for id in ids {
            bench.event { owner, out in
                owner.borrow(id, RefOrigin(owner: OwnerBench.stranger, lineage: .none))
                owner.watch(id, into: &out)
            }
        }
        let first = try #require(bench.questions.first?.0.request)
        bench.receive(.objectReply(ObjectReply(request: first, object: ids[0], state: nil)), from: OwnerBench.stranger)
        #expect(bench.failure(of: ids[0])?.code == .objectLost)
        for broken in 1...Limits.brokenInARow {
            bench.event { $0.connectionLost(OwnerBench.stranger, now: 0, into: &$1) }
            #expect((bench.failure(of: ids[1]) == nil) == (broken < Limits.brokenInARow), "after \(broken)")
            if broken < Limits.brokenInARow { bench.fire(.askPeerAgain(OwnerBench.stranger)) }
        }
        #expect(bench.failure(of: ids[1])?.code == .ownerDied)
    }

    @Test("a question whose connection broke is asked again under its number, and answered once")
    func askedAgain() throws {
        var bench = OwnerBench()
        let id = ObjectID(task: TaskID(unique: 999, actor: .none(in: OwnerBench.job)), index: 1)
        bench.event { owner, out in
            owner.borrow(id, RefOrigin(owner: OwnerBench.stranger, lineage: .none))
            owner.watch(id, into: &out)
        }
        bench.event { $0.connectionLost(OwnerBench.stranger, now: 0, into: &$1) }
        bench.fire(.askPeerAgain(OwnerBench.stranger))
        #expect(bench.questions.count == 2 && Set(bench.questions.map(\.0.request)).count == 1)
        let request = try #require(bench.questions.first?.0.request)
        for value in [3, 4] as [UInt8] {
            bench.receive(.objectReply(ObjectReply(request: request, object: id, state: .value(value))), from: OwnerBench.stranger)
        }
        #expect(bench.value(of: id) == 3)
        bench.event { $0.connectionLost(OwnerBench.stranger, now: 0, into: &$1) }
        #expect(bench.timers.count == 1, "nothing is owed")
    }

    @Test("a question is answered when the object is finished, and kept until then though nobody here needs it")
    func questions() {
        var bench = OwnerBench()
        let task = bench.submit()
        bench.receive(.getObject(GetObject(request: 5, object: task.ref)), from: OwnerBench.stranger)
        bench.release([task.ref])
        #expect(bench.answers.isEmpty)
        bench.grant()
        bench.finish(bench.pushes[0], [.value(3)])
        #expect(bench.answers.map(\.request) == [5])
        #expect(bench.answers.first?.state?.isInline == true)
        #expect(bench.owner.objectCount == 0)
        bench.receive(.getObject(GetObject(request: 6, object: task.ref)), from: OwnerBench.stranger)
        #expect(bench.answers.last?.request == 6 && bench.answers.last?.state == nil, "forgotten since")
    }

    @Test("a process that has only borrowed an object passes the question on")
    func chainOfBorrowers() throws {
        var bench = OwnerBench()
        let id = ObjectID(task: TaskID(unique: 999, actor: .none(in: OwnerBench.job)), index: 1)
        bench.event { owner, _ in owner.borrow(id, RefOrigin(owner: OwnerBench.stranger, lineage: .none)) }
        bench.receive(.getObject(GetObject(request: 5, object: id)), from: OwnerBench.worker)
        let question = try #require(bench.questions.first)
        #expect(question.to == OwnerBench.stranger)
        bench.receive(.objectReply(ObjectReply(request: question.0.request, object: id, state: .value(1))), from: OwnerBench.stranger)
        #expect(bench.answers.map(\.request) == [5])
        bench.release([id])
        #expect(bench.owner.objectCount == 0)
    }

    @Test("a copy on another node is deleted with the object")
    func locations() {
        var bench = OwnerBench()
        let task = bench.submit()
        bench.grant()
        bench.finish(bench.pushes[0], [.large(on: [OwnerBench.otherNode])])
        // A task on this node needs it: the raylet brings a copy.
        bench.submit("g", [task.argument])
        bench.finish(bench.pushes[1])
        bench.release([task.ref])
        #expect(
            bench.sent.compactMap { if case .deleteObjects = $0.message { $0.to } else { nil } } == [
                OwnerBench.otherRaylet, OwnerBench.raylet,
            ])
    }

    @Test("after any mix of submissions, losses, cancels and releases nothing is left", arguments: 0..<40)
    func random(seed: Int) {
        var bench = OwnerBench()
        var random = SeededRandom(UInt64(seed))
        var tasks: [TaskSpec] = []
        var held: [ObjectID] = []
        bench.create(.counter, maxTaskRetries: 1)
        bench.update(.counter, .alive)
        var incarnation: UInt32 = 1
        var answered: Set<Int> = []
        func answer(_ index: Int) {
            guard answered.insert(index).inserted else { return }
            let push = bench.pushes[index]
            switch random.below(6) {
            case 0: bench.reply(push, .failed(oops, isApplicationError: true))
            case 1 where push.spec.kind == .function: bench.lose(push.lease)
            case 2: bench.reply(push, .cancelled)
            default: bench.finish(push, [random.chance(30) ? .large() : .value(1)])
            }
        }
        for _ in 0..<300 {
            switch random.below(10) {
            case 0...3:
                let known = held.filter { bench.owner.knows($0) }
                let arguments = (0..<random.below(3)).compactMap { _ in
                    known.isEmpty ? nil : TaskArgument.ref(known[random.below(known.count)], owner: OwnerBench.me)
                }
                let task = random.chance(30) ? bench.call(.counter, "m", arguments) : bench.submit("f", arguments)
                tasks.append(task)
                held.append(task.ref)
            case 4: bench.grant(random.chance(50) ? OwnerBench.worker : OwnerBench.secondWorker)
            case 5...6: if !bench.pushes.isEmpty { answer(random.below(bench.pushes.count)) }
            case 7: if !tasks.isEmpty { bench.event { $0.cancel(tasks[random.below(tasks.count)].ref, force: false, into: &$1) } }
            case 8: if !held.isEmpty { bench.release([held.remove(at: random.below(held.count))]) }
            default:
                if random.chance(20) {
                    incarnation += 1
                    bench.update(.counter, .restarting, incarnation)
                    bench.update(.counter, .alive, incarnation, worker: OwnerBench.secondWorker)
                }
            }
        }
        // Now everything is answered until nothing is pending.
        var rounds = 0
        while bench.owner.pendingTasks > 0, rounds < 10_000 {
            rounds += 1
            while bench.grant() != nil {}
            for timer in bench.timers.map(\.timer) { if case .retry = timer { bench.fire(timer) } }
            for (index, push) in bench.pushes.enumerated() where answered.insert(index).inserted { bench.finish(push) }
        }
        #expect(bench.owner.pendingTasks == 0)
        bench.release(held)
        #expect(bench.owner.objectCount == 0)
        while bench.owner.heldLeases > 0, rounds < 20_000 {
            rounds += 1
            for timer in bench.timers.map(\.timer) { bench.fire(timer) }
        }
        #expect(bench.owner.heldLeases == 0)
        #expect(bench.requests.count >= bench.returned.count)
    }
}
