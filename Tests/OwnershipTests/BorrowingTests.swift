@testable import Ownership
import RayflowCore
import Testing

@Suite("Borrowing: refs that cross processes")
struct BorrowingTests {
    static let id = ObjectID(task: TaskID(unique: 999, actor: .none(in: OwnerBench.job)), index: 1)
    static let second = ObjectID(task: TaskID(unique: 999, actor: .none(in: OwnerBench.job)), index: 2)

    private func put(_ bench: inout OwnerBench, _ state: ObjectState = .value(1)) -> ObjectID {
        let id = ObjectID(task: bench.spec().id, index: ObjectID.firstPut)
        bench.event { $0.put(id, state, lineage: .none, into: &$1) }
        return id
    }

    /// A ref of the stranger's arrives inside a result.
    private func arrive(_ bench: inout OwnerBench, delivery: UInt64 = 5) -> TaskSpec {
        let task = bench.submit()
        bench.grant()
        let push = bench.pushes[bench.pushes.count - 1]
        bench.receive(
            .taskReply(
                TaskReply(
                    lease: push.lease, task: task.id, attempt: push.spec.attempt,
                    outcome: .finished([.value(0, refs: [Self.id], owner: OwnerBench.stranger)]), delivery: delivery, executionNS: 1)),
            from: OwnerBench.worker)
        return task
    }

    // MARK: The owner

    @Test("an object is kept while another process has a mark on it, and goes with the last mark")
    func marks() {
        var bench = OwnerBench()
        let id = put(&bench, .large())
        bench.receive(.addBorrower(AddBorrower(stamp: 3, objects: [id, Self.id])), from: OwnerBench.worker)
        bench.receive(.addBorrower(AddBorrower(stamp: 1, objects: [id])), from: OwnerBench.stranger)
        guard case .borrowersAdded(let answer)? = bench.sent.first?.message else {
            Issue.record("no answer")
            return
        }
        #expect(answer.stamp == 3 && answer.unknown == [Self.id])
        bench.release([id])
        bench.receive(.releaseBorrower(ReleaseBorrower(stamp: 2, objects: [id])), from: OwnerBench.stranger)
        #expect(bench.owner.knows(id))
        bench.receive(.releaseBorrower(ReleaseBorrower(stamp: 4, objects: [id])), from: OwnerBench.worker)
        #expect(!bench.owner.knows(id) && bench.deleted == [id])
    }

    @Test("what a borrower has said before its last word changes nothing, in whatever order it comes")
    func stale() {
        var bench = OwnerBench()
        let id = put(&bench)
        bench.receive(.releaseBorrower(ReleaseBorrower(stamp: 7, objects: [id])), from: OwnerBench.worker)
        bench.receive(.addBorrower(AddBorrower(stamp: 6, objects: [id])), from: OwnerBench.worker)
        bench.release([id])
        #expect(!bench.owner.knows(id))
        #expect(bench.sent.isEmpty, "nobody waits for an answer to what is void")
    }

    @Test("an outer object and the refs inside it go in one step")
    func outerAndInner() {
        var bench = OwnerBench()
        let inner = put(&bench, .large())
        let outer = put(&bench, .value(0, refs: [inner]))
        bench.receive(.addBorrower(AddBorrower(stamp: 1, objects: [outer])), from: OwnerBench.worker)
        bench.release([inner, outer])
        #expect(bench.owner.objectCount == 2)
        bench.receive(.releaseBorrower(ReleaseBorrower(stamp: 2, objects: [outer])), from: OwnerBench.worker)
        #expect(bench.owner.objectCount == 0 && bench.deleted == [inner])
    }

    @Test("the marks of a process that is gone go after a while; one that only lost its connection says again what it keeps")
    func lostBorrower() throws {
        var bench = OwnerBench()
        let kept = put(&bench), lost = put(&bench)
        bench.receive(.addBorrower(AddBorrower(stamp: 1, objects: [kept, lost])), from: OwnerBench.stranger)
        bench.release([kept, lost])
        bench.event { $0.connectionLost(OwnerBench.stranger, now: 0, into: &$1) }
        bench.receive(.addBorrower(AddBorrower(stamp: 2, objects: [kept])), from: OwnerBench.stranger)
        let timer = try #require(bench.timers.last?.timer)
        bench.fire(timer)
        #expect(bench.owner.knows(kept) && !bench.owner.knows(lost))
        bench.event { $0.connectionLost(OwnerBench.stranger, now: 0, into: &$1) }
        bench.fire(timer)
        #expect(bench.owner.knows(kept), "the timer of an earlier loss")
        bench.fire(try #require(bench.timers.last?.timer))
        #expect(bench.owner.objectCount == 0)
        #expect(bench.owner.checkReferences().isEmpty)
    }

    @Test("refs in an answer are held until the receiver has secured them, or is gone", arguments: [true, false])
    func answers(survives: Bool) throws {
        var bench = OwnerBench()
        let inner = put(&bench)
        let outer = put(&bench, .value(0, refs: [inner]))
        bench.receive(.getObject(GetObject(request: 5, object: outer)), from: OwnerBench.stranger)
        let delivery = try #require(bench.answers.first?.delivery)
        #expect(delivery != 0)
        bench.release([outer, inner])
        #expect(!bench.owner.knows(outer) && bench.owner.knows(inner))
        bench.receive(.refsSecured(RefsSecured(delivery: delivery, isTaken: true)), from: OwnerBench.worker)
        #expect(bench.owner.knows(inner), "of another process")
        if survives {
            bench.receive(.addBorrower(AddBorrower(stamp: 1, objects: [inner])), from: OwnerBench.stranger)
            bench.receive(.refsSecured(RefsSecured(delivery: delivery, isTaken: true)), from: OwnerBench.stranger)
            #expect(bench.owner.knows(inner))
            bench.receive(.releaseBorrower(ReleaseBorrower(stamp: 2, objects: [inner])), from: OwnerBench.stranger)
        } else {
            bench.event { $0.connectionLost(OwnerBench.stranger, now: 0, into: &$1) }
            bench.fire(try #require(bench.timers.last?.timer))
        }
        #expect(bench.owner.objectCount == 0)
    }

    @Test("a value without refs is not to be secured")
    func plainAnswers() {
        var bench = OwnerBench()
        let id = put(&bench)
        bench.receive(.getObject(GetObject(request: 5, object: id)), from: OwnerBench.stranger)
        #expect(bench.answers.first?.delivery == 0)
    }

    @Test("a raylet's copy is deleted with the object, and at once when the object is gone already")
    func copies() {
        var bench = OwnerBench()
        let id = put(&bench, .large())
        bench.receive(.objectCopied(ObjectCopied(object: id, node: OwnerBench.otherNode)), from: OwnerBench.otherRaylet)
        bench.release([id])
        #expect(bench.deleted == [id, id])
        bench.receive(.objectCopied(ObjectCopied(object: id, node: OwnerBench.otherNode)), from: OwnerBench.otherRaylet)
        #expect(bench.deleted.count == 3)
    }

    // MARK: The borrower

    @Test("a ref in a result is claimed of its owner, then its sender is told; when it is let go the claim is given back")
    func claimed() throws {
        var bench = OwnerBench()
        let task = arrive(&bench)
        let claim = try #require(bench.claims.first)
        #expect(bench.claims.count == 1 && claim.to == OwnerBench.stranger && claim.0.objects == [Self.id])
        #expect(bench.secured.isEmpty)
        bench.receive(.borrowersAdded(BorrowersAdded(stamp: claim.0.stamp, unknown: [])), from: OwnerBench.stranger)
        #expect(bench.secured.map(\.0.delivery) == [5] && bench.secured.first?.to == OwnerBench.worker)
        bench.release([task.ref])
        #expect(bench.givenBack.map(\.0.objects) == [[Self.id]] && bench.givenBack.first?.to == OwnerBench.stranger)
        #expect((bench.givenBack.first?.0.stamp ?? 0) > claim.0.stamp)
        #expect(bench.owner.objectCount == 0 && bench.owner.checkReferences().isEmpty)
    }

    @Test("a result that comes twice while it is being secured is not said to be secured before it is")
    func repeatedArrival() throws {
        var bench = OwnerBench()
        let task = arrive(&bench)
        let push = bench.pushes[0]
        bench.receive(
            .taskReply(
                TaskReply(
                    lease: push.lease, task: task.id, attempt: push.spec.attempt,
                    outcome: .finished([.value(0, refs: [Self.id], owner: OwnerBench.stranger)]), delivery: 5, executionNS: 1)),
            from: OwnerBench.worker)
        #expect(bench.secured.isEmpty && bench.claims.count == 1)
    }

    @Test("a result of no use stays its sender's")
    func useless() throws {
        var bench = OwnerBench()
        let task = bench.submit()
        bench.grant()
        let push = bench.pushes[0]
        bench.event { $0.cancel(task.ref, force: false, into: &$1) }
        bench.reply(push, .cancelled)
        bench.receive(
            .taskReply(
                TaskReply(
                    lease: push.lease, task: task.id, attempt: push.spec.attempt,
                    outcome: .finished([.value(0, refs: [Self.id], owner: OwnerBench.worker)]),
                    moved: [MovedObject(id: Self.id, lineage: .none, state: .value(1))], delivery: 5, executionNS: 1)),
            from: OwnerBench.worker)
        #expect(bench.secured.map(\.0.isTaken) == [false])
        bench.release([task.ref])
        #expect(bench.owner.objectCount == 0)
    }

    @Test("an owner that does not know the object (any more), or is gone, is a typed failure and no hang", arguments: [true, false])
    func unknown(isAlive: Bool) throws {
        var bench = OwnerBench()
        let task = arrive(&bench)
        if isAlive {
            let claim = try #require(bench.claims.first)
            bench.receive(.borrowersAdded(BorrowersAdded(stamp: claim.0.stamp, unknown: [Self.id])), from: OwnerBench.stranger)
        } else {
            for asked in 2...Limits.brokenInARow {
                bench.event { $0.connectionLost(OwnerBench.stranger, now: 0, into: &$1) }
                bench.fire(.askPeerAgain(OwnerBench.stranger))
                #expect(bench.claims.count == asked, "perhaps only the connection broke")
            }
            bench.event { $0.connectionLost(OwnerBench.stranger, now: 0, into: &$1) }
        }
        #expect(bench.failure(of: Self.id)?.code == (isAlive ? .objectLost : .ownerDied))
        #expect(bench.secured.count == 1)
        bench.release([task.ref])
        #expect(bench.owner.objectCount == 0 && bench.owner.checkReferences().isEmpty)
    }

    @Test("a task that keeps nothing of its arguments waits for nobody; one that does replies when the claim is granted")
    func arguments() throws {
        var bench = OwnerBench()
        bench.event { owner, out in
            owner.borrow(Self.id, RefOrigin(owner: OwnerBench.stranger, lineage: .none))
            #expect(owner.letGoArguments([Self.id], into: &out) == nil)
        }
        #expect(bench.sent.isEmpty && bench.owner.objectCount == 0)
        var ticket: UInt64?
        bench.event { owner, out in
            owner.borrow(Self.id, RefOrigin(owner: OwnerBench.stranger, lineage: .none))
            owner.retain(Self.id)
            ticket = owner.letGoArguments([Self.id], into: &out)
        }
        #expect(ticket != nil && !bench.story.contains("mayReply"))
        let claim = try #require(bench.claims.first)
        bench.receive(.borrowersAdded(BorrowersAdded(stamp: claim.0.stamp, unknown: [])), from: OwnerBench.stranger)
        #expect(bench.story.last == "mayReply")
        // A second task brings it again: it is claimed already.
        bench.event { owner, out in
            owner.borrow(Self.id, RefOrigin(owner: OwnerBench.stranger, lineage: .none))
            #expect(owner.letGoArguments([Self.id], into: &out) == nil)
        }
        bench.release([Self.id])
        #expect(bench.givenBack.count == 1 && bench.owner.objectCount == 0)
    }

    @Test(
        "what is handed over with a result is the receiver's when it says so; until then, and if it does not, the sender's",
        arguments: [true, false])
    func handedOver(isTaken: Bool) throws {
        var bench = OwnerBench()
        let id = put(&bench, .large())
        var delivery: UInt64 = 0
        bench.event { owner, _ in
            var moved = [MovedObject(id: id, lineage: .none, state: .large())]
            var states = [ObjectState.value(0, refs: [id])]
            delivery = owner.deliver(&states, moved: &moved, to: OwnerBench.stranger)
            #expect(moved.count == 1)
            // To a second one it is lent.
            #expect(owner.deliver(&states, moved: &moved, to: OwnerBench.worker) == delivery + 1)
            #expect(moved.isEmpty)
        }
        bench.receive(.refsSecured(RefsSecured(delivery: delivery + 1, isTaken: true)), from: OwnerBench.worker)
        bench.release([id])
        #expect(bench.owner.owner(of: id) == OwnerBench.me && bench.deleted.isEmpty)
        bench.receive(.refsSecured(RefsSecured(delivery: delivery, isTaken: isTaken)), from: OwnerBench.stranger)
        #expect(bench.owner.objectCount == 0)
        #expect(bench.deleted == (isTaken ? [] : [id]))
        #expect(bench.givenBack.map(\.to) == (isTaken ? [OwnerBench.stranger] : []))
    }

    @Test("an object that comes back to a borrower is claimed of nobody any more")
    func adopted() throws {
        var bench = OwnerBench()
        _ = arrive(&bench)
        let task = bench.submit()
        let push = try #require(bench.pushes.last)
        bench.reply(
            push, .finished([.value(0, refs: [Self.id], owner: OwnerBench.stranger)]),
            moved: [MovedObject(id: Self.id, lineage: .none, state: .value(1))], from: OwnerBench.stranger)
        #expect(push.spec.id == task.id && bench.owner.owner(of: Self.id) == OwnerBench.me)
        #expect(bench.givenBack.map(\.to) == [OwnerBench.stranger] && bench.secured.count == 1)
        #expect(bench.owner.checkReferences().isEmpty)
    }

    @Test("what is handed over twice between the same processes before either message is secured ends with one owner")
    func backAndForth() throws {
        var bench = OwnerBench()
        let id = put(&bench)
        var moved = [MovedObject(id: id, lineage: .none, state: .value(1))]
        var delivery: UInt64 = 0
        bench.event { owner, _ in
            var states = [ObjectState.value(0, refs: [id])]
            delivery = owner.deliver(&states, moved: &moved, to: OwnerBench.worker)
        }
        bench.submit()
        bench.grant()
        bench.reply(bench.pushes[0], .finished([.value(0, refs: [id], owner: OwnerBench.worker)]), moved: moved)
        bench.receive(.refsSecured(RefsSecured(delivery: delivery, isTaken: true)), from: OwnerBench.worker)
        #expect(bench.owner.owner(of: id) == OwnerBench.me)
        #expect(bench.givenBack.map(\.to) == [OwnerBench.worker])
        #expect(bench.owner.checkReferences().isEmpty)
    }

    @Test("a task that waited is pushed with the owners that its refs have then")
    func currentOwners() throws {
        var bench = OwnerBench()
        let first = bench.submit("first")
        bench.event { owner, _ in owner.borrow(Self.id, RefOrigin(owner: OwnerBench.worker, lineage: .none)) }
        let origin = bench.owner.origin(of: Self.id)
        bench.submit("second", [.value(EnclosedPayload(Payload(type: "", bytes: [], refs: [Self.id]), origins: [origin])), first.argument])
        bench.grant()
        bench.reply(
            bench.pushes[0], .finished([.value(0, refs: [Self.id], owner: OwnerBench.worker)]),
            moved: [MovedObject(id: Self.id, lineage: .none, state: .value(1))])
        guard case .value(let enclosed)? = bench.pushes.last?.spec.arguments.first else {
            Issue.record("not pushed")
            return
        }
        #expect(enclosed.origins.map(\.owner) == [OwnerBench.me])
    }

    @Test("an actor does not keep itself alive by its own handle, but by one that it has passed on")
    func ownHandle() throws {
        var bench = OwnerBench()
        let handle = ObjectID(handleOf: .counter)
        bench.event {
            $0.host(.counter, createdBy: OwnerBench.stranger); _ = $1
        }
        bench.event { owner, out in
            owner.borrow(handle, RefOrigin(owner: OwnerBench.stranger, lineage: .none))
            owner.retain(handle)
            #expect(owner.letGoArguments([handle], into: &out) == nil)
        }
        #expect(bench.claims.isEmpty)
        bench.submit(
            "f", [.value(EnclosedPayload(Payload(type: "", bytes: [], refs: [handle]), origins: [bench.owner.origin(of: handle)]))])
        #expect(bench.claims.map(\.to) == [OwnerBench.stranger])
        bench.grant()
        bench.finish(bench.pushes[0])
        #expect(bench.givenBack.map(\.to) == [OwnerBench.stranger])
    }

    @Test("after any mix of messages the tables agree, and with the last mark nothing is left", arguments: 0..<60)
    func random(seed: Int) {
        var random = SeededRandom(UInt64(seed))
        var borrowers = BorrowerTable(), claims = ClaimTable()
        let peers = (1...3).map { Address.process(id: UInt64($0), on: OwnerBench.node) }
        let ids = (1...6).map { ObjectID(task: TaskID(unique: 999, actor: .none(in: OwnerBench.job)), index: $0) }
        var open: [(BorrowersAdded, Set<ClaimTable.Purpose>)] = []
        var waiting = Set<ClaimTable.Purpose>()
        var stamps: [Address: UInt64] = [:]
        for round in 0..<300 {
            let peer = peers[random.below(3)], id = ids[random.below(6)]
            switch random.below(8) {
            case 0...1:
                stamps[peer, default: 0] += UInt64(random.below(3))
                if borrowers.accept(stamps[peer] ?? 0, of: peer) { borrowers.mark(id, by: peer) }
            case 2: _ = borrowers.unmark(id, by: peer)
            case 3:
                borrowers.doubt(peer)
                if random.chance(50) { _ = borrowers.dropDoubted(peer) }
            case 4...5:
                if !claims.has(id) {
                    let m = claims.claim([id], of: peer)
                    open.append((BorrowersAdded(stamp: m.stamp, unknown: random.chance(20) ? [id] : []), []))
                }
                let purpose = ClaimTable.Purpose.reply(UInt64(round))
                if claims.wait(for: [id, ids[random.below(6)]], purpose) { waiting.insert(purpose) }
            case 6:
                if !open.isEmpty { waiting.subtract(claims.granted(open.remove(at: random.below(open.count)).0).done) }
            default:
                if random.chance(50) {
                    waiting.subtract(claims.giveBack(id)?.done ?? [])
                } else {
                    if random.chance(30) { waiting.subtract(claims.ownerGone(peer).done) }
                    if let again = claims.askAgain(peer) { open.append((BorrowersAdded(stamp: again.stamp, unknown: []), [])) }
                }
            }
            #expect(borrowers.checkInvariants().isEmpty && claims.checkInvariants().isEmpty)
            #expect(waiting.allSatisfy { _ in !claims.isEmpty })
        }
        for peer in peers {
            borrowers.doubt(peer)
            _ = borrowers.dropDoubted(peer)
        }
        for (m, _) in open { waiting.subtract(claims.granted(m).done) }
        for id in ids { waiting.subtract(claims.giveBack(id)?.done ?? []) }
        #expect(borrowers.isEmpty && claims.isEmpty && waiting.isEmpty)
    }
}
