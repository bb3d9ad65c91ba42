import ObjectStore
import RayflowCore
import Testing

@testable import Raylet

struct PushBench {
    var queue: PushQueue
    var directives: [PushDirective] = []
    static let chunk = StoreLimits.chunkSize

    init(limit: Int = 100, window: Int = 100) { queue = PushQueue(limitBytes: limit * Self.chunk, windowBytes: window * Self.chunk) }

    mutating func step(_ body: (inout PushQueue, inout [PushDirective]) -> Void) {
        directives = []
        body(&queue, &directives)
        for fault in queue.checkInvariants() { Issue.record("\(fault)") }
    }

    mutating func offer(_ number: UInt64, chunks: Int, there: [Int]? = nil) {
        step { queue, _ in queue.offer(PullBench.object(number), size: chunks * Self.chunk, there: there) }
    }
    mutating func ask(_ number: UInt64, from node: UInt64, request: UInt64 = 1, missing: [Range<UInt32>] = []) {
        step { $0.request(PullBench.object(number), request: request, from: NodeID(node), missing: missing, into: &$1) }
    }
    mutating func take(_ number: UInt64, _ index: UInt32, by node: UInt64, request: UInt64 = 1) {
        step { $0.taken(PullBench.object(number), request: request, index: index, by: NodeID(node), into: &$1) }
    }

    /// The chunks that were sent in the last step: to whom, which one.
    var sent: [[UInt64]] {
        directives.compactMap { if case .send(let node, _, _, let index) = $0 { [node.value, UInt64(index)] } else { nil } }
    }
    var refusal: (refusal: PullRefusal, others: [UInt64])? {
        directives.firstMatch { if case .refuse(_, _, _, let refusal, let others) = $0 { (refusal, others.map(\.value)) } else { nil } }
    }
    func isReleased(_ number: UInt64) -> Bool { directives.contains(.release(PullBench.object(number))) }
}

@Suite("What goes from a node") struct PushQueueTests {
    @Test("an object goes chunk by chunk, as far as the window allows, and is let go with the last")
    func window() {
        var bench = PushBench(window: 2)
        bench.offer(1, chunks: 4)
        bench.ask(1, from: 2)
        #expect(bench.directives.first == .accept(NodeID(2), PullBench.object(1), request: 1))
        #expect(bench.sent == [[2, 0], [2, 1]])
        let row = PushRow(
            object: PullBench.object(1), to: NodeID(2), size: 4 * PushBench.chunk, sentChunks: 2, leftChunks: 2,
            underWayBytes: 2 * PushBench.chunk)
        #expect(bench.queue.rows() == [row])
        bench.take(1, 1, by: 2)
        #expect(bench.sent == [[2, 2]])
        bench.take(1, 1, by: 2)
        #expect(bench.sent.isEmpty, "taken twice counts once")
        bench.take(1, 0, by: 2)
        bench.take(1, 2, by: 2)
        #expect(!bench.isReleased(1))
        bench.take(1, 3, by: 2)
        #expect(bench.isReleased(1) && bench.queue.isEmpty)
    }

    @Test("chunks of all that is on its way take turns, and so many bytes are under way in all")
    func turns() {
        var bench = PushBench(limit: 3)
        bench.offer(1, chunks: 3)
        bench.offer(2, chunks: 2)
        bench.ask(1, from: 2)
        #expect(bench.sent == [[2, 0], [2, 1], [2, 2]])
        bench.ask(2, from: 3)
        bench.ask(1, from: 4)
        #expect(bench.sent.isEmpty)
        var order: [[UInt64]] = []
        for index in 0..<3 as Range<UInt32> {
            bench.take(1, index, by: 2)
            order += bench.sent
        }
        #expect(order == [[3, 0], [4, 0], [3, 1]])
        #expect(bench.queue.counters.mostBytes == 3 * PushBench.chunk)
    }

    @Test("a receiver that takes nothing does not keep the others waiting")
    func slow() {
        var bench = PushBench(limit: 4, window: 2)
        bench.offer(1, chunks: 8)
        bench.ask(1, from: 2)
        #expect(bench.sent.count == 2)
        bench.ask(1, from: 3)
        #expect(bench.sent == [[3, 0], [3, 1]])
        for index in 0..<4 as Range<UInt32> { bench.take(1, index, by: 3) }
        #expect(bench.sent == [[3, 5]])
    }

    @Test("a node that asks again gets what it asks for now, once")
    func deduplication() {
        var bench = PushBench(window: 2)
        bench.offer(1, chunks: 6)
        bench.ask(1, from: 2)
        bench.ask(1, from: 2, request: 9, missing: [4..<6])
        #expect(bench.sent == [[2, 4], [2, 5]] && !bench.isReleased(1))
        #expect(!bench.queue.isOpen(PullBench.object(1), to: NodeID(2), request: 1))
        bench.take(1, 0, by: 2)
        bench.take(1, 4, by: 2, request: 9)
        bench.take(1, 5, by: 2, request: 9)
        #expect(bench.isReleased(1) && bench.queue.counters.repeated == 1)
    }

    @Test("what is asked for beyond the end, backwards or twice is read as it can be")
    func strangeRanges() {
        var bench = PushBench()
        bench.offer(1, chunks: 4)
        bench.ask(1, from: 2, missing: [1..<3, 2..<3, 0..<1, 3..<900])
        #expect(bench.sent == [[2, 1], [2, 2], [2, 3]])
        bench.ask(1, from: 3, missing: [7..<9])
        #expect(bench.directives.last == .accept(NodeID(3), PullBench.object(1), request: 1), "nothing is missing")
        #expect(bench.queue.pushes.count == 1)
    }

    @Test("of a large object two copies go out at a time; who else asks is told of each in turn")
    func tree() {
        var bench = PushBench(window: 1)
        bench.offer(1, chunks: 20)
        for node in 2...5 as ClosedRange<UInt64> {
            bench.ask(1, from: node)
            if node >= 4 { #expect(bench.refusal?.refusal == .busy && bench.refusal?.others == (node == 4 ? [2, 3] : [3, 2])) }
        }
        #expect(bench.queue.counters.mostCopies == 2 && bench.queue.counters.busy == 2)
        bench.step { $0.cancelled(PullBench.object(1), request: 1, by: NodeID(2), into: &$1) }
        bench.ask(1, from: 4)
        #expect(bench.refusal == nil)
    }

    @Test("of a small object more copies go out: as many as make the bytes of a few large ones")
    func smallObjects() {
        let queue = PushQueue()
        #expect(queue.copiesAtOnce(100 << 20) == 2 && queue.copiesAtOnce(8 << 20) == 4 && queue.copiesAtOnce(0) == 64)
    }

    @Test("chunks are passed on as they come")
    func passingOn() {
        var bench = PushBench()
        bench.offer(1, chunks: 4, there: [2])
        bench.ask(1, from: 2)
        #expect(bench.sent == [[2, 2]])
        bench.step { $0.chunkCame(PullBench.object(1), 0, into: &$1) }
        #expect(bench.sent == [[2, 0]])
        bench.ask(1, from: 3, missing: [0..<2])
        #expect(bench.sent == [[3, 0]])
        bench.step { $0.isComplete(PullBench.object(1), into: &$1) }
        #expect(Set(bench.sent) == [[2, 1], [2, 3], [3, 1]])
    }

    @Test("when the object does not come after all, those who wait for it are told at once")
    func stalled() {
        var bench = PushBench()
        bench.offer(1, chunks: 4, there: [])
        bench.ask(1, from: 2)
        bench.ask(1, from: 3)
        bench.step { $0.withdraw(PullBench.object(1), .stalled, into: &$1) }
        #expect(bench.directives.count == 3 && bench.refusal?.refusal == .stalled && bench.isReleased(1) && bench.queue.isEmpty)
    }

    @Test("a receiver that is gone, or takes nothing for long, is let go; one behind a broken connection is to ask again")
    func lostReceivers() {
        var bench = PushBench()
        bench.offer(1, chunks: 4)
        bench.ask(1, from: 2)
        bench.ask(1, from: 3)
        bench.step { $0.lost(NodeID(2), isGone: false, into: &$1) }
        #expect(bench.refusal?.refusal == .stalled && !bench.isReleased(1))
        for _ in 1..<TransferLimits.pushSilenceTicks { bench.step { $0.tick(into: &$1) } }
        #expect(bench.queue.pushes.count == 1)
        bench.step { $0.tick(into: &$1) }
        #expect(bench.isReleased(1) && bench.refusal == nil)
    }

    @Test("receivers that the cluster has given up are let go at once, also those that wait for chunks that are still to come here")
    func goneReceivers() {
        var bench = PushBench()
        bench.offer(1, chunks: 4, there: [])
        for node in 2...3 as ClosedRange<UInt64> { bench.ask(1, from: node) }
        bench.ask(1, from: 4)
        #expect(bench.refusal?.others == [2, 3])
        bench.step { $0.nodesGone([NodeID(2), NodeID(9)], into: &$1) }
        #expect(bench.directives.isEmpty)
        bench.ask(1, from: 4)
        #expect(bench.refusal == nil)
        bench.step { $0.nodesGone([NodeID(3), NodeID(4)], into: &$1) }
        #expect(bench.queue.isEmpty)
    }

    @Test("who has waited long for its turn hears that it will come, but not who waits for chunks that are still to come here")
    func longTurns() {
        var bench = PushBench(limit: 1)
        bench.offer(1, chunks: 2)
        bench.ask(1, from: 2)
        bench.ask(1, from: 3)
        bench.offer(2, chunks: 2, there: [])
        bench.ask(2, from: 4)
        bench.step { $0.tick(into: &$1) }
        #expect(bench.directives == [.accept(NodeID(3), PullBench.object(1), request: 1)])
    }

    @Test("who asks again and again makes the line no longer")
    func repeated() {
        var bench = PushBench(limit: 1)
        bench.offer(1, chunks: 2)
        bench.ask(1, from: 2)
        for request in 1..<1_000 as Range<UInt64> { bench.ask(1, from: 3, request: request) }
        #expect(bench.queue.turns.all.count <= 2 * 2 + TransferLimits.staleEntries + 1)
        bench.take(1, 0, by: 2)
        bench.take(1, 1, by: 2)
        #expect(bench.sent == [[3, 0]], "once, for all that was asked")
    }

    @Test("an object that was brought back for a node that is to ask again stays for a while")
    func kept() {
        var bench = PushBench()
        bench.offer(1, chunks: 1)
        for _ in 1..<TransferLimits.keptTicks { bench.step { $0.tick(into: &$1) } }
        #expect(bench.queue.hasSource(PullBench.object(1)))
        bench.step { $0.tick(into: &$1) }
        #expect(bench.isReleased(1) && bench.queue.isEmpty)
    }

    @Test("nothing is sent while the limit is 0")
    func stopped() {
        var bench = PushBench(limit: 0)
        bench.offer(1, chunks: 2)
        bench.ask(1, from: 2)
        #expect(bench.sent.isEmpty)
        bench.step { $0.setLimit(PushBench.chunk, into: &$1) }
        #expect(bench.sent == [[2, 0]])
    }

    @Test("the books are right after any sequence of events, and empty when all receivers are gone", arguments: UInt64(1)...20)
    func randomEvents(_ seed: UInt64) {
        var random = SeededRandom(seed)
        var bench = PushBench(limit: Int.random(in: 1...6, using: &random), window: Int.random(in: 1...3, using: &random))
        var offered: Set<ObjectID> = []
        // Each offer is undone once: what is pinned for it stays no longer.
        func release() {
            for case .release(let object) in bench.directives { #expect(offered.remove(object) != nil, "released twice") }
            #expect(offered == Set(bench.queue.sources.keys))
        }
        var underWay: [(object: ObjectID, request: UInt64, index: UInt32, node: NodeID)] = []
        for step in 0..<4_000 {
            let number = UInt64.random(in: 1...4, using: &random), node = UInt64.random(in: 2...7, using: &random)
            let id = PullBench.object(number), chunks = Int(number) * 4
            // Not every turn has an event.
            bench.directives = []
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<10:
                bench.offer(number, chunks: chunks, there: random.chance(50) ? [0] : nil)
                offered.insert(id)
            case 10..<30:
                if bench.queue.hasSource(id) {
                    let first = UInt32.random(in: 0...8, using: &random)
                    bench.ask(number, from: node, request: UInt64(step), missing: random.chance(50) ? [] : [first..<first + 3])
                }
            case 30..<40: bench.step { $0.chunkCame(id, UInt32.random(in: 0..<20, using: &random) % UInt32(chunks), into: &$1) }
            case 40..<42: bench.step { $0.isComplete(id, into: &$1) }
            case 42..<44: bench.step { $0.withdraw(id, .stalled, into: &$1) }
            case 44..<46: bench.step { $0.lost(NodeID(node), isGone: random.chance(50), into: &$1) }
            case 46..<48:
                let request = bench.queue.pushes[PushQueue.Key(object: id, node: NodeID(node))]?.request ?? 0
                bench.step { $0.cancelled(id, request: request, by: NodeID(node), into: &$1) }
            case 48..<50: bench.step { $0.tick(into: &$1) }
            default:
                if let at = underWay.indices.randomElement(using: &random) {
                    let chunk = random.chance(90) ? underWay.remove(at: at) : underWay[at]
                    bench.step { $0.taken(chunk.object, request: chunk.request, index: chunk.index, by: chunk.node, into: &$1) }
                }
            }
            release()
            for case .send(let node, let object, let request, let index) in bench.directives {
                #expect(bench.queue.sources[object]?.there?.contains(index) != false, "a chunk that is not here")
                underWay.append((object, request, index, node))
            }
        }
        for node in 2...7 as ClosedRange<UInt64> {
            bench.step { $0.lost(NodeID(node), isGone: true, into: &$1) }
            release()
        }
        #expect(bench.queue.pushes.isEmpty && bench.queue.underWayBytes == 0)
        for _ in 0..<TransferLimits.keptTicks {
            bench.step { $0.tick(into: &$1) }
            release()
        }
        #expect(bench.queue.isEmpty)
    }
}
