import Ownership
import RayflowCore
import Testing

@Suite("The owner of a stream")
struct StreamTests {
    private static func start(_ bench: inout OwnerBench, window: UInt32 = 4, retries: Int32 = 3) throws -> PushTask {
        bench.submit("stream") {
            $0.streamWindow = window
            $0.maxRetries = retries
        }
        bench.grant()
        return try #require(bench.pushes.last)
    }

    private static func send(
        _ bench: inout OwnerBench, _ push: PushTask, _ numbers: Range<UInt32>, _ state: ObjectState? = nil,
        from: Address = OwnerBench.worker
    ) {
        for number in numbers {
            let item = StreamItem(
                task: push.spec.id, attempt: push.spec.attempt, number: number, state: state ?? .value(UInt8(number)), moved: [])
            bench.receive(.streamItem(item), from: from)
        }
    }

    private static func end(_ bench: inout OwnerBench, _ push: PushTask, count: UInt32) {
        bench.finish(push, [.inline(EnclosedPayload(Payload(itemCount: count)))])
    }

    private static func take(_ bench: inout OwnerBench, _ push: PushTask) -> StreamStep {
        var step = StreamStep.ended
        bench.event { step = $0.takeItem(of: push.spec.id, into: &$1) }
        return step
    }

    private static func acks(_ bench: OwnerBench) -> [StreamAck] {
        bench.sent.compactMap { if case .streamAck(let m) = $0.message { m } else { nil } }
    }

    @Test("items are ready as they come, are taken in order, and the end comes behind them")
    func order() throws {
        var bench = OwnerBench()
        let push = try Self.start(&bench)
        let task = push.spec.id
        #expect(Self.take(&bench, push) == .waits(for: .item(0, of: task)))
        Self.send(&bench, push, 0..<2)
        #expect(bench.ready == [.item(0, of: task), .item(1, of: task)])
        #expect(Self.take(&bench, push) == .item(.item(0, of: task)))
        Self.end(&bench, push, count: 2)
        #expect(bench.ready.contains(.item(2, of: task)), "who waits for a further one is woken")
        #expect(Self.take(&bench, push) == .item(.item(1, of: task)))
        #expect(Self.take(&bench, push) == .ended)
        bench.release([.item(0, of: task), .item(1, of: task), push.spec.ref])
        bench.event { $0.closeStream(of: task, into: &$1) }
        #expect(bench.owner.objectCount == 0)
    }

    @Test("the producer hears of what was taken at each half window")
    func window() throws {
        var bench = OwnerBench()
        let push = try Self.start(&bench, window: 4)
        Self.send(&bench, push, 0..<4)
        for _ in 0..<4 { _ = Self.take(&bench, push) }
        #expect(Self.acks(bench).map(\.taken) == [2, 4])
        #expect(Self.acks(bench).allSatisfy { !$0.isClosed })
    }

    @Test("what an earlier attempt delivered is not delivered again, and the new producer hears how far the consumer is")
    func replay() throws {
        var bench = OwnerBench()
        let push = try Self.start(&bench)
        Self.send(&bench, push, 0..<3)
        _ = Self.take(&bench, push)
        bench.lose(push.lease)
        Self.send(&bench, push, 3..<4)
        #expect(Self.acks(bench).last?.isClosed == true, "an item of the attempt that is given up is not kept")
        bench.fire(try #require(bench.retries.last?.timer))
        bench.grant(OwnerBench.secondWorker)
        let again = try #require(bench.pushes.last)
        #expect(again.spec.attempt.number == 2)
        bench.forget()
        Self.send(&bench, again, 0..<4, from: OwnerBench.secondWorker)
        #expect(bench.ready == [.item(3, of: push.spec.id)])
        #expect(Self.acks(bench).first?.taken == 1)
        bench.finish(again, [.inline(EnclosedPayload(Payload(itemCount: 4)))], from: OwnerBench.secondWorker)
        var taken = 1
        while case .item = Self.take(&bench, push) { taken += 1 }
        #expect(taken == 4 && bench.failure(of: push.spec.ref) == nil)
    }

    @Test("a repeated attempt that ends with fewer items fails the stream")
    func shorter() throws {
        var bench = OwnerBench()
        let push = try Self.start(&bench)
        Self.send(&bench, push, 0..<3)
        Self.end(&bench, push, count: 2)
        #expect(bench.failure(of: push.spec.ref)?.code == .streamNotDeterministic)
    }

    @Test("a large item that comes again is one more copy; one that was let go is deleted where it lies")
    func largeAgain() throws {
        var bench = OwnerBench()
        let push = try Self.start(&bench)
        let task = push.spec.id
        Self.send(&bench, push, 0..<2, .large())
        _ = Self.take(&bench, push)
        bench.release([.item(0, of: task)])
        #expect(bench.deleted == [.item(0, of: task)])
        bench.forget()
        Self.send(&bench, push, 0..<2, .large(on: [OwnerBench.otherNode]))
        #expect(bench.deleted == [.item(0, of: task)])
        guard case .stored(let nodes, _, _, _)? = bench.owner.state(of: .item(1, of: task)) else {
            Issue.record("not stored")
            return
        }
        #expect(nodes == [OwnerBench.node, OwnerBench.otherNode])
    }

    @Test("a stream that nobody reads frees its items, tells the producer, and is not tried again")
    func closed() throws {
        var bench = OwnerBench()
        let push = try Self.start(&bench)
        Self.send(&bench, push, 0..<3, .large())
        bench.event { $0.closeStream(of: push.spec.id, into: &$1) }
        #expect(bench.deleted.count == 3 && Self.acks(bench).last?.isClosed == true)
        Self.send(&bench, push, 3..<4, .large())
        #expect(bench.deleted.count == 4)
        bench.release([push.spec.ref])
        bench.lose(push.lease)
        #expect(bench.retries.isEmpty && bench.owner.pendingTasks == 0 && bench.owner.objectCount == 0)
    }

    @Test("a task that fails ends its stream, and so does a submission that is refused")
    func failures() throws {
        var bench = OwnerBench()
        let push = try Self.start(&bench)
        Self.send(&bench, push, 0..<1)
        bench.reply(push, .failed(oops, isApplicationError: true))
        #expect(Self.take(&bench, push) == .item(.item(0, of: push.spec.id)))
        #expect(Self.take(&bench, push) == .ended && bench.failure(of: push.spec.ref)?.code == .taskFailed)
        bench.owner.pendingTaskLimit = 0
        let refused = bench.submit("stream") { $0.streamWindow = 2 }
        var step = StreamStep.waits(for: refused.ref)
        bench.event { step = $0.takeItem(of: refused.id, into: &$1) }
        #expect(step == .ended && bench.failure(of: refused.ref)?.code == .tooManyPending)
    }

    @Test("the children of a cancelled task are cancelled, the children of others are not")
    func children() throws {
        var bench = OwnerBench()
        let parent = TaskID(unique: 900, actor: .none(in: OwnerBench.job)), other = TaskID(unique: 901, actor: .none(in: OwnerBench.job))
        let mine = bench.spec("mine"), foreign = bench.spec("foreign")
        bench.event { $0.submit(mine, parent: OwnerBench.root, parentTask: parent, now: 0, into: &$1) }
        bench.event { $0.submit(foreign, parent: OwnerBench.root, parentTask: other, now: 0, into: &$1) }
        bench.event { $0.cancelChildren(of: parent, force: false, into: &$1) }
        #expect(bench.failure(of: mine.ref)?.code == .cancelled && bench.owner.state(of: foreign.ref) == nil)
    }

    @Test("a gate opens when half of what may be pending has ended")
    func gate() throws {
        var bench = OwnerBench()
        bench.owner.pendingTaskLimit = 4
        let tasks = (0..<3).map { _ in bench.submit() }
        let gate = ObjectID(task: tasks[0].id, index: ObjectID.firstPut)
        var mustWait = false
        bench.event { owner, _ in mustWait = owner.mustWait(for: gate) }
        #expect(mustWait && bench.owner.state(of: gate) == nil)
        bench.grant()
        bench.finish(try #require(bench.pushes.first))
        #expect(bench.owner.state(of: gate) != nil)
        bench.event { owner, _ in mustWait = owner.mustWait(for: gate) }
        #expect(!mustWait)
    }
}
