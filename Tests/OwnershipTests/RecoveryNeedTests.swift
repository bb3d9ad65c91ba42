import Ownership
import RayflowCore
import Testing

@Suite("Who needs a lost object")
struct RecoveryNeedTests {
    @Test("a task that waits for a worker waits for its lost argument instead, and others pass it")
    func queued() throws {
        var bench = OwnerBench()
        let data = bench.submit("data")
        bench.grant()
        bench.finish(bench.pushes[0], [.large(on: [OwnerBench.otherNode])])
        bench.submit("long")
        bench.submit("needs", [data.argument]) { $0.maxRetries = 0 }
        bench.submit("other")
        #expect(bench.pushed == ["data", "long"])
        bench.loseCopies(data.ref, on: [OwnerBench.otherNode])
        bench.finish(bench.pushes[1])
        #expect(bench.pushed == ["data", "long", "other", "data"])
        bench.finish(bench.pushes[2])
        #expect(bench.pushed.last == "data")
        bench.finish(bench.pushes[3], [.large()])
        #expect(bench.pushed.last == "needs")
        bench.finish(bench.pushes[4])
        #expect(bench.owner.pendingTasks == 0)
    }

    @Test("a raylet that finds no copy refuses the lease and names the nodes; the task is not charged")
    func refused() throws {
        var bench = OwnerBench()
        let data = bench.submit("data")
        bench.grant()
        bench.finish(bench.pushes[0], [.large(on: [OwnerBench.otherNode])])
        let lease = try #require(bench.requests.first?.lease)
        bench.fire(.idleLease(lease, use: 1))
        let needs = bench.submit("needs", [data.argument]) { $0.maxRetries = 0 }
        let request = try #require(bench.requests.last)
        #expect(request.dependencies.map(\.id) == [data.ref])
        let error = ErrorRecord(.objectLost, "no copy")
        let lost = [LostCopies(object: data.ref, nodes: [OwnerBench.otherNode])]
        bench.receive(.leaseRejected(LeaseRejected(lease: request.lease, error: error, lost: lost)), from: OwnerBench.raylet)
        bench.grant()
        bench.grant()
        #expect(bench.pushed == ["data", "data"])
        bench.finish(bench.pushes[1], [.large()])
        #expect(bench.pushed == ["data", "data", "needs"])
        bench.finish(bench.pushes[2], [.value(3)])
        #expect(bench.value(of: needs.ref) == 3)
    }

    @Test("what cannot be made again fails the tasks that need it, wherever they wait")
    func hopeless() throws {
        var bench = OwnerBench()
        let put = ObjectID(task: bench.spec().id, index: ObjectID.firstPut)
        bench.event { $0.put(put, .large(), lineage: .none, into: &$1) }
        let queued = bench.submit("queued", [.ref(put, owner: OwnerBench.me)])
        bench.loseCopies(put)
        let late = bench.submit("late", [.ref(put, owner: OwnerBench.me)])
        bench.grant()
        for id in [queued.ref, late.ref] { #expect(bench.failure(of: id)?.reason == .put) }
        #expect(bench.pushes.isEmpty && bench.owner.pendingTasks == 0)
    }

    @Test("another process that finds no copy is answered when the object has been made again")
    func reported() {
        var bench = OwnerBench()
        let task = bench.submit()
        bench.settle()
        func report(_ request: UInt64, isRepeated: Bool) {
            let message = ObjectLost(request: request, object: task.ref, nodes: [OwnerBench.node], isRepeated: isRepeated, why: "")
            bench.receive(.objectLost(message), from: OwnerBench.stranger)
        }
        report(1, isRepeated: false)
        report(2, isRepeated: false)
        #expect(bench.pushes.count == 2 && bench.answers.isEmpty)
        bench.finish(bench.pushes[1], [.large()])
        #expect(bench.answers.map(\.request) == [1, 2])
        report(3, isRepeated: false)
        #expect(bench.answers.map(\.request) == [1, 2, 3], "what it tried may be older than the recovery")
        report(4, isRepeated: true)
        #expect(bench.pushes.count == 3 && bench.answers.count == 3)
        bench.finish(bench.pushes[2], [.large()])
        #expect(bench.answers.last?.request == 4)
    }

    @Test("a borrower asks the owner, once at a time, and says when it asks again")
    func borrower() throws {
        var bench = OwnerBench()
        let id = ObjectID(task: bench.spec().id, index: 1)
        bench.event { owner, out in
            owner.borrow(id, RefOrigin(owner: OwnerBench.stranger, lineage: .none))
            owner.watch(id, into: &out)
        }
        let question = try #require(bench.questions.first?.0)
        bench.receive(.objectReply(ObjectReply(request: question.request, object: id, state: .large())), from: OwnerBench.stranger)
        for isRepeated in [false, true] {
            for _ in 0..<3 { bench.loseCopies(id) }
            let report = try #require(bench.reports.last)
            #expect(report.to == OwnerBench.stranger && report.0.nodes == [OwnerBench.node] && report.0.isRepeated == isRepeated)
            #expect(bench.reports.count == (isRepeated ? 2 : 1) && !bench.owner.isFinished(id))
            bench.receive(.objectReply(ObjectReply(request: report.0.request, object: id, state: .large())), from: OwnerBench.stranger)
            #expect(bench.owner.isFinished(id))
        }
        bench.loseCopies(id)
        let last = try #require(bench.reports.last?.0)
        bench.receive(.objectReply(ObjectReply(request: last.request, object: id, state: nil)), from: OwnerBench.stranger)
        #expect(bench.failure(of: id)?.reason == .refDeleted)
    }

    @Test("a borrower whose owner dies while the object is made again gets that")
    func ownerDied() {
        var bench = OwnerBench()
        let id = ObjectID(task: bench.spec().id, index: 1)
        bench.event {
            $0.borrow(id, RefOrigin(owner: OwnerBench.stranger, lineage: .none)); $0.lose(id, on: [OwnerBench.node], seen: 0, into: &$1)
        }
        #expect(bench.reports.count == 1)
        for _ in 0..<Limits.brokenInARow {
            bench.event { $0.connectionLost(OwnerBench.stranger, now: 0, into: &$1) }
            bench.fire(.askPeerAgain(OwnerBench.stranger))
        }
        #expect(bench.failure(of: id)?.code == .ownerDied)
    }

    @Test("copies that raylets have brought are known, and freed when the object is gone")
    func copied() {
        var bench = OwnerBench()
        let task = bench.submit()
        bench.settle()
        let copied = Message.objectCopied(ObjectCopied(object: task.ref, node: OwnerBench.otherNode))
        bench.receive(copied, from: OwnerBench.otherRaylet)
        bench.loseCopies(task.ref)
        #expect(bench.owner.isFinished(task.ref) && bench.pushes.count == 1)
        bench.release([task.ref])
        #expect(bench.deleted == [task.ref])
        bench.receive(copied, from: OwnerBench.otherRaylet)
        #expect(bench.deleted == [task.ref, task.ref])
    }

    @Test("copies that raylets have dropped are known to be gone, when it is the raylet itself that says so")
    func dropped() {
        var bench = OwnerBench()
        let task = bench.submit()
        bench.settle()
        bench.receive(.objectCopied(ObjectCopied(object: task.ref, node: OwnerBench.otherNode)), from: OwnerBench.otherRaylet)
        let dropped = Message.copyDropped(CopyDropped(object: task.ref, node: OwnerBench.otherNode))
        bench.receive(dropped, from: OwnerBench.stranger)
        #expect(nodes(bench, task.ref) == [OwnerBench.node, OwnerBench.otherNode])
        bench.receive(dropped, from: OwnerBench.otherRaylet)
        #expect(nodes(bench, task.ref) == [OwnerBench.node])
        bench.release([task.ref])
        #expect(bench.deleted == [task.ref])
        bench.receive(dropped, from: OwnerBench.otherRaylet)
        #expect(bench.deleted == [task.ref], "nobody knows the object any more")
    }

    private func nodes(_ bench: OwnerBench, _ id: ObjectID) -> [NodeID] {
        if case .stored(let nodes, _, _, _)? = bench.owner.state(of: id) { nodes } else { [] }
    }

    @Test("a call of an actor runs again out of order, if the actor's calls may; while the actor is away it waits")
    func calls() throws {
        var bench = OwnerBench()
        bench.create(.counter, maxTaskRetries: 1)
        let call = bench.call(.counter)
        bench.update(.counter, .alive)
        bench.finish(bench.pushes[0], [.large()])
        bench.update(.counter, .restarting, 2, error: ErrorRecord(.workerCrashed, "gone"))
        bench.loseCopies(call.ref)
        #expect(bench.pushes.count == 1 && bench.owner.openCalls(of: .counter) == 1)
        bench.update(.counter, .alive, 2, worker: OwnerBench.secondWorker)
        #expect(bench.pushes.count == 2 && bench.pushes[1].spec.sequence == TaskSpec.unordered)
        bench.finish(bench.pushes[1], [.large()], from: OwnerBench.secondWorker)
        #expect(bench.owner.isFinished(call.ref) && bench.owner.openCalls(of: .counter) == 0)
        bench.loseCopies(call.ref)
        #expect(bench.failure(of: call.ref)?.reason == .maxAttempts)
    }

    @Test("without retries a call is not made again, and that of a dead actor ends with its death")
    func hopelessCalls() {
        var bench = OwnerBench()
        bench.create(.counter)
        let once = bench.call(.counter), again = bench.call(.counter) { $0.maxRetries = 3 }
        bench.update(.counter, .alive)
        for push in bench.pushes { bench.finish(push, [.large()]) }
        bench.loseCopies(once.ref)
        #expect(bench.failure(of: once.ref)?.reason == .retriesDisabled)
        bench.update(.counter, .dead, error: ErrorRecord(.actorDied, "gone"))
        bench.loseCopies(again.ref)
        #expect(bench.failure(of: again.ref)?.code == .actorDied)
        #expect(bench.owner.openCalls(of: .counter) == 0 && bench.owner.pendingTasks == 0)
    }

    @Test("a call whose argument was lost is sent again when the argument is back")
    func callWithArgument() {
        var bench = OwnerBench()
        let data = bench.submit("data")
        bench.grant()
        bench.finish(bench.pushes[0], [.large()])
        bench.create(.counter, maxTaskRetries: -1)
        let call = bench.call(.counter, "call", [data.argument])
        bench.release([data.ref])
        bench.update(.counter, .alive)
        bench.finish(bench.pushes[1], [.large()])
        #expect(bench.deleted == [data.ref])
        bench.loseCopies(call.ref)
        #expect(bench.pushed == ["data", "call", "data"] && bench.owner.openCalls(of: .counter) == 0)
        bench.finish(bench.pushes[2], [.large()])
        #expect(bench.pushed == ["data", "call", "data", "call"])
        bench.finish(bench.pushes[3], [.large()])
        #expect(bench.owner.isFinished(call.ref) && bench.owner.openCalls(of: .counter) == 0)
    }
}
