import RayflowCore
import Testing

@testable import Raylet

/// A node's wants, with all that they lead to.
struct PullBench {
    var queue: PullQueue
    var directives: [PullDirective] = []
    static let owner = Address.process(id: 5, on: NodeID(1))

    init(limit: Int = 100, objects: Int = TransferLimits.wanted) { queue = PullQueue(node: NodeID(1), limitBytes: limit, limit: objects) }

    static func object(_ number: UInt64) -> ObjectID { ObjectID(task: TaskID(unique: number, actor: .none(in: JobID(1))), index: 1) }

    mutating func step(_ body: (inout PullQueue, inout [PullDirective]) -> Void) {
        directives = []
        body(&queue, &directives)
        for fault in queue.checkInvariants() { Issue.record("\(fault)") }
    }

    mutating func want(
        _ number: UInt64, _ kind: PullKind = .get, from nodes: [UInt64] = [2], size: Int = 40, lostHere: String? = nil, gone: [UInt64] = []
    ) {
        step {
            $0.want(
                Self.object(number), kind, from: nodes.map { NodeID($0) }, owner: Self.owner, size: size, lostHere: lostHere,
                isGone: { gone.contains($0.value) }, into: &$1)
        }
    }

    mutating func forget(_ number: UInt64, _ kind: PullKind) { step { $0.forget(Self.object(number), kind, into: &$1) } }
    mutating func grant(_ number: UInt64) { step { $0.roomGranted(Self.object(number), into: &$1) } }
    mutating func arrive(_ number: UInt64) { step { $0.arrived(Self.object(number), into: &$1) } }

    mutating func refuse(_ number: UInt64, _ refusal: PullRefusal, others: [UInt64] = []) {
        guard let (_, request) = queue.pulls[Self.object(number)]?.source else { return }
        step {
            $0.refused(
                Self.object(number), request: request, refusal, others: others.map { NodeID($0) }, why: "it said so", into: &$1)
        }
    }

    /// The timers that were started in the last step.
    var timers: [PullTimer] { directives.compactMap { if case .startTimer(let timer, _) = $0 { timer } else { nil } } }
    mutating func fire(_ timer: PullTimer, gone: [UInt64] = []) {
        step { $0.timerFired(timer, isGone: { gone.contains($0.value) }, into: &$1) }
    }

    /// The objects for which room was asked in the last step.
    var begun: [UInt64] { directives.compactMap { if case .makeRoom(let id, _, _) = $0 { id.task.unique } else { nil } } }
    /// The node that was asked in the last step.
    var asked: UInt64? { directives.firstMatch { if case .ask(let node, _, _) = $0 { node.value } else { nil } } }
    var failure: (error: ErrorRecord, lost: [UInt64])? {
        directives.firstMatch { if case .failed(_, let error, let lost) = $0 { (error, lost.map(\.value)) } else { nil } }
    }
    func source(of number: UInt64) -> UInt64? { queue.pulls[Self.object(number)]?.source?.node.value }
    func isWaiting(_ number: UInt64) -> Bool { queue.pulls[Self.object(number)]?.stage == .waiting }
}

extension Array {
    func firstMatch<T>(_ body: (Element) -> T?) -> T? {
        for element in self { if let found = body(element) { return found } }
        return nil
    }
}

@Suite("What comes to a node first") struct PullAdmissionTests {
    @Test("as many as fit come at once, in the order in which they were wanted")
    func prefix() {
        var bench = PullBench()
        for number in 1...4 as ClosedRange<UInt64> { bench.want(number) }
        #expect(bench.isWaiting(3) && bench.isWaiting(4) && !bench.isWaiting(2))
        bench.arrive(1)
        #expect(bench.begun == [3])
    }

    @Test("an object beyond the limit of those that are wanted is refused, one that is wanted already is not")
    func tooMany() {
        var bench = PullBench(objects: 2)
        bench.want(1)
        bench.want(2)
        bench.want(3)
        #expect(bench.failure?.error.code == .objectStoreFull && bench.failure?.lost == [] && bench.directives.count == 1)
        bench.want(2, .wait)
        #expect(bench.failure == nil)
        bench.arrive(1)
        bench.want(3)
        #expect(bench.failure == nil && bench.queue.pulls.count == 2)
    }

    @Test("a small one does not overtake a large one that waits for place")
    func noOvertaking() {
        var bench = PullBench()
        bench.want(1, size: 60)
        bench.want(2, size: 60)
        bench.want(3, size: 1)
        #expect(bench.isWaiting(2) && bench.isWaiting(3))
        bench.arrive(1)
        #expect(bench.begun == [2, 3])
    }

    @Test("one that is larger than the limit comes, alone")
    func oversize() {
        var bench = PullBench()
        bench.want(1, size: 500)
        #expect(bench.begun == [1])
        bench.want(2, size: 1)
        #expect(bench.isWaiting(2))
        bench.arrive(1)
        #expect(bench.begun == [2])
    }

    @Test("a size that no object has is read as the largest there can be")
    func impossible() {
        var bench = PullBench()
        for (number, kind) in zip(1...3 as ClosedRange<UInt64>, PullKind.allCases) {
            bench.want(number, kind, size: .max)
            bench.grant(number)
        }
        #expect(bench.queue.activeBytes == 3 * TransferLimits.objectBytes)
        bench = PullBench()
        bench.want(1, size: .min)
        bench.grant(1)
        bench.step { $0.sizeIs(.max, PullBench.object(1), request: 1, into: &$1) }
        #expect(bench.begun == [1] && bench.queue.activeBytes == TransferLimits.objectBytes)
    }

    @Test("reads come before waits, and waits before arguments")
    func kinds() {
        var bench = PullBench()
        bench.want(1, .get, size: 90)
        bench.want(2, .argument, size: 90)
        bench.want(3, .wait, size: 90)
        bench.want(4, .get, size: 90)
        var order: [UInt64] = []
        for number in [1, 4, 3, 2] as [UInt64] {
            bench.arrive(number)
            order += bench.begun
        }
        #expect(order == [4, 3, 2])
    }

    @Test("a read is not kept waiting by arguments that are on their way, one at a time")
    func urgent() {
        var bench = PullBench()
        bench.want(1, .argument, size: 100)
        bench.grant(1)
        bench.want(2, .get, size: 100)
        #expect(bench.begun == [2])
        bench.want(3, .get, size: 100)
        #expect(bench.isWaiting(3))
        bench.arrive(2)
        #expect(bench.begun == [3])
    }

    @Test("arguments that have no room yet wait again when a read needs their place")
    func putBack() {
        var bench = PullBench()
        bench.want(1, .argument, size: 50)
        bench.want(2, .argument, size: 50)
        bench.grant(1)
        bench.want(3, .get, size: 50)
        #expect(bench.directives.first == .putBack([PullBench.object(2)]) && bench.begun == [3])
        #expect(bench.isWaiting(2) && bench.source(of: 1) == 2)
        bench.want(4, .argument, size: 1)
        bench.arrive(3)
        #expect(bench.begun == [2], "it has kept its place before later ones")
    }

    @Test("of those that wait again the last arguments come first, no more than needed, and they keep their order")
    func putBackOrder() {
        var bench = PullBench()
        for number in 1...5 as ClosedRange<UInt64> { bench.want(number, .argument, size: 20) }
        bench.want(6, .wait, size: 20)
        #expect(bench.directives.first == .putBack([PullBench.object(5)]))
        bench.want(7, .get, size: 50)
        #expect(bench.directives.first == .putBack([4, 3, 2].map { PullBench.object($0) }) && bench.begun == [7])
        bench.arrive(7)
        #expect(bench.begun == [2, 3, 4])
        bench.arrive(6)
        #expect(bench.begun == [5])
    }

    @Test("an argument that somebody reads becomes a read; when the reader goes, it is an argument again")
    func upgrade() {
        var bench = PullBench()
        bench.want(1, .get, size: 100)
        bench.want(2, .argument, size: 100)
        bench.want(3, .wait, size: 100)
        bench.want(2, .get, size: 100)
        #expect(bench.queue.counters.upgraded == 1)
        bench.forget(2, .get)
        bench.arrive(1)
        #expect(bench.begun == [3])
        bench.want(2, .get, size: 100)
        #expect(bench.begun == [2])
    }

    @Test("readers that come and go make no line longer")
    func comingAndGoing() {
        var bench = PullBench()
        bench.want(1, .get, size: 100)
        bench.want(2, .argument)
        for _ in 0..<1_000 {
            bench.want(2, .get)
            bench.forget(2, .get)
        }
        #expect(bench.queue.lines.allSatisfy { $0.all.count <= 2 * 2 + TransferLimits.staleEntries + 1 })
        bench.arrive(1)
        #expect(bench.begun == [2])
    }

    @Test("an object that several want comes once, and not at all when nobody wants it any more")
    func deduplication() {
        var bench = PullBench()
        bench.want(1, .argument)
        bench.want(1, .get)
        #expect(bench.begun.isEmpty && bench.queue.pulls.count == 1)
        bench.grant(1)
        bench.forget(1, .get)
        #expect(!bench.queue.isEmpty && bench.directives.isEmpty)
        let request = bench.queue.pulls[PullBench.object(1)]?.source?.request ?? 0
        bench.forget(1, .argument)
        #expect(bench.queue.isEmpty)
        #expect(bench.directives.contains(.cancel(NodeID(2), PullBench.object(1), request: request)))
        #expect(bench.directives.contains(.dropRoom(PullBench.object(1))), "the buffer is free again")
    }
}

@Suite("Where an object comes from") struct PullSourceTests {
    @Test("a node that has no copy is followed by the next, and the last one by a failure that names them")
    func nextSource() {
        var bench = PullBench()
        bench.want(1, from: [2, 3])
        bench.grant(1)
        let first = bench.asked ?? 0
        bench.refuse(1, .absent)
        let second = bench.asked ?? 0
        #expect(Set([first, second]) == [2, 3])
        bench.refuse(1, .absent)
        #expect(bench.failure?.error.code == .objectLost && bench.failure?.lost == [first, second])
        #expect(bench.directives.contains(.dropRoom(PullBench.object(1))) && bench.queue.isEmpty)
    }

    @Test("a silent node is left, without saying that it has lost anything")
    func silence() {
        var bench = PullBench()
        bench.want(1)
        bench.grant(1)
        #expect(bench.directives.last == .startTimer(.silence, afterNS: TransferLimits.silenceNS / UInt64(TransferLimits.silenceLooks)))
        for _ in 0..<TransferLimits.silenceLooks { bench.fire(.silence) }
        bench.step { queue, _ in queue.chunkTaken(PullBench.object(1), request: 1) }
        for _ in 0..<TransferLimits.silenceLooks { bench.fire(.silence) }
        #expect(bench.timers == [.silence] && bench.failure == nil, "it has sent something meanwhile")
        bench.fire(.silence)
        #expect(bench.timers.isEmpty && bench.failure?.error.reason == .fetchTimedOut && bench.failure?.lost == [])
        #expect(bench.directives.first == .cancel(NodeID(2), PullBench.object(1), request: 1))
    }

    @Test("a busy node names others, which are asked; when all are busy, they are asked again after a pause")
    func redirection() {
        var bench = PullBench()
        bench.want(1)
        bench.grant(1)
        bench.refuse(1, .busy, others: [1, 3])
        #expect(bench.asked == 3)
        bench.refuse(1, .busy)
        #expect(bench.asked == nil && bench.timers.count == 1)
        bench.fire(bench.timers[0])
        #expect(bench.asked != nil)
        #expect(bench.queue.counters.redirected == 1 && bench.queue.counters.paused == 1)
    }

    @Test("nodes that only wait for it themselves are no reason to wait when all who had it are gone")
    func readersAlone() {
        var bench = PullBench()
        bench.want(1)
        bench.grant(1)
        bench.refuse(1, .busy, others: [3])
        bench.refuse(1, .stalled)
        #expect(bench.failure == nil, "node 2 has it")
        bench.fire(bench.timers[0])
        while bench.asked == 3 { bench.refuse(1, .stalled) }
        bench.step { $0.connectionBroke(to: NodeID(2), isGone: true, into: &$1) }
        while bench.asked == 3 { bench.refuse(1, .stalled) }
        #expect(bench.failure?.lost == [2])
        bench.want(1)
        bench.grant(1)
        bench.refuse(1, .busy, others: [3])
        bench.refuse(1, .busy)
        bench.fire(bench.timers[0])
        while bench.asked == 3 { bench.refuse(1, .busy) }
        bench.refuse(1, .absent)
        if bench.asked == 3 { bench.refuse(1, .busy) }
        #expect(bench.failure == nil && bench.timers.count == 1, "node 3 sends it to others")
    }

    @Test("pauses get longer, and end with an object that is out of reach; a chunk makes them short again")
    func pauses() {
        var bench = PullBench()
        bench.want(1)
        bench.grant(1)
        var pauses: [UInt64] = []
        while bench.failure == nil {
            bench.refuse(1, .noRoom)
            guard case .startTimer(let timer, let pause)? = bench.directives.last else { break }
            pauses.append(pause)
            bench.fire(timer)
            if pauses.count == 5, let request = bench.queue.pulls[PullBench.object(1)]?.source?.request {
                bench.step { queue, _ in queue.chunkTaken(PullBench.object(1), request: request) }
            }
        }
        #expect(pauses.prefix(6).map { $0 / 1_000_000 } == [20, 40, 80, 160, 320, 20])
        #expect(pauses.max() == TransferLimits.longestPauseNS && pauses.count == TransferLimits.pauses + 5)
        #expect(bench.failure?.error.reason == .fetchTimedOut && bench.failure?.lost == [])
    }

    @Test("news of a further copy ends a pause")
    func news() {
        var bench = PullBench()
        bench.want(1)
        bench.grant(1)
        bench.refuse(1, .noRoom)
        bench.want(1, .argument, from: [2, 3])
        #expect(bench.asked != nil)
    }

    @Test("a node that had no copy is asked again when somebody has heard that it has one now, unless it is gone")
    func back() {
        var bench = PullBench()
        bench.want(1, from: [2, 3])
        bench.grant(1)
        let first = bench.asked ?? 0
        bench.refuse(1, .absent)
        let second = bench.asked ?? 0
        bench.want(1, .wait, from: [first], gone: [first])
        bench.want(1, .wait, from: [second])
        bench.refuse(1, .noRoom)
        #expect(bench.asked == nil)
        bench.want(1, .wait, from: [first, second])
        #expect(bench.asked != nil, "the pause is over")
        while bench.asked == second { bench.refuse(1, .absent) }
        #expect(bench.asked == first)
        bench.refuse(1, .absent)
        if bench.asked != nil { bench.refuse(1, .absent) }
        #expect(bench.failure?.lost.sorted() == [2, 3])
    }

    @Test("a connection that breaks is tried once more, then another node, then all after a pause; a node that is gone is not")
    func brokenConnection() {
        var bench = PullBench()
        bench.want(1, from: [2, 3])
        bench.grant(1)
        let first = bench.asked ?? 0
        bench.step { $0.connectionBroke(to: NodeID(first), isGone: false, into: &$1) }
        #expect(bench.directives.contains(.stalled(PullBench.object(1))))
        bench.fire(bench.timers[0])
        #expect(bench.asked == first)
        bench.step { $0.connectionBroke(to: NodeID(first), isGone: false, into: &$1) }
        let second = bench.asked ?? 0
        #expect(second + first == 5)
        bench.step { $0.connectionBroke(to: NodeID(second), isGone: true, into: &$1) }
        #expect(bench.failure == nil, "the first one is alive, as far as is known")
        bench.fire(bench.timers[0])
        #expect(bench.asked == first)
        bench.step { $0.nodesGone([NodeID(first)], into: &$1) }
        #expect(bench.failure?.lost.sorted() == [2, 3])
    }

    @Test("a connection that breaks again and again is no lost copy; another node is asked meanwhile, and a chunk makes up for it")
    func brokenAgain() {
        var bench = PullBench()
        bench.want(1)
        bench.grant(1)
        func promise() {
            let request = bench.queue.pulls[PullBench.object(1)]?.source?.request ?? 0
            bench.step { queue, _ in queue.accepted(PullBench.object(1), request: request) }
        }
        for times in 0..<6 {
            bench.step { $0.connectionBroke(to: NodeID(2), isGone: false, into: &$1) }
            bench.fire(bench.timers[0])
            #expect(bench.asked == 2 && bench.failure == nil && bench.queue.counters.paused == UInt64(times))
            promise()
        }
        bench.want(1, .wait, from: [3])
        bench.step { $0.connectionBroke(to: NodeID(2), isGone: false, into: &$1) }
        #expect(bench.asked == 3)
        let request = bench.queue.pulls[PullBench.object(1)]?.source?.request ?? 0
        bench.step { queue, _ in queue.chunkTaken(PullBench.object(1), request: request) }
        bench.step { $0.connectionBroke(to: NodeID(3), isGone: false, into: &$1) }
        bench.fire(bench.timers[0])
        #expect(bench.asked == 3)
    }

    @Test("what has waited for nodes that are gone is over, at whatever stage it is")
    func goneAtAnyStage() {
        var bench = PullBench()
        func goneSource() -> [UInt64]? {
            bench.step { $0.nodesGone([NodeID(2), NodeID(7)], into: &$1) }
            return bench.failure?.lost
        }
        bench.want(1)
        #expect(goneSource() == [2] && bench.directives.contains(.dropRoom(PullBench.object(1))), "without room")
        bench.want(1)
        bench.grant(1)
        #expect(goneSource() == [2], "asked")
        bench.want(1)
        bench.grant(1)
        bench.refuse(1, .noRoom)
        #expect(goneSource() == [2], "in a pause")
        bench.want(2, from: [3], size: 100)
        bench.want(1)
        #expect(bench.isWaiting(1) && goneSource() == [2], "in line")
        bench.want(1, from: [2, 3])
        #expect(goneSource() == nil && bench.isWaiting(1), "node 3 has it")
        bench.arrive(2)
        bench.grant(1)
        #expect(bench.asked == 3)
        bench.refuse(1, .absent)
        #expect(bench.failure?.lost.sorted() == [2, 3])
    }

    @Test("a damaged chunk is asked for again so many times, then its source has no copy; with the last one the reason is named")
    func faults() {
        var bench = PullBench()
        bench.want(1, from: [2, 3])
        bench.grant(1)
        let first = bench.asked
        for request in 1...UInt64(TransferLimits.faultyChunks) {
            bench.step { $0.chunkFaulty(PullBench.object(1), request: request, why: "flipped", into: &$1) }
            #expect(bench.asked == first)
        }
        bench.step { $0.chunkFaulty(PullBench.object(1), request: 1, why: "flipped", into: &$1) }
        #expect(bench.directives.isEmpty, "a request that is over")
        for request in 5...10 as ClosedRange<UInt64> {
            bench.step { $0.chunkFaulty(PullBench.object(1), request: request, why: "flipped", into: &$1) }
            if request == 5 { #expect(bench.asked != nil && bench.asked != first) }
            if bench.failure != nil { break }
        }
        #expect(bench.failure?.lost.count == 2 && bench.failure?.error.message.contains("flipped") == true)
    }

    @Test("an object of another size than was said gets other room")
    func size() {
        var bench = PullBench()
        bench.want(1, size: 40)
        bench.grant(1)
        bench.step { $0.sizeIs(70, PullBench.object(1), request: 1, into: &$1) }
        #expect(bench.directives.contains(.makeRoom(PullBench.object(1), size: 70, owner: PullBench.owner)))
        bench.grant(1)
        #expect(bench.asked == 2 && bench.queue.activeBytes == 70)
    }

    @Test("what a process of this node is said to write is awaited, then looked for elsewhere or given up")
    func seal() {
        var bench = PullBench()
        bench.want(1, from: [1])
        #expect(bench.begun.isEmpty && bench.timers.count == 1)
        bench.fire(bench.timers[0])
        #expect(bench.failure?.lost == [1])
        bench.want(2, from: [1])
        let timer = bench.timers[0]
        bench.arrive(2)
        bench.fire(timer)
        #expect(bench.directives.isEmpty && bench.queue.isEmpty)
        bench.want(3, from: [])
        #expect(bench.failure?.lost == [])
        bench.want(4, from: [1], lostHere: "it was damaged")
        #expect(bench.failure?.lost == [1] && bench.failure?.error.message.contains("damaged") == true)
    }

    @Test("nodes ask each of several copies about as often")
    func spread() {
        var firsts: [UInt64: Int] = [:]
        for node in 10..<110 as Range<UInt64> {
            var queue = PullQueue(node: NodeID(node &* 0x9E37_79B9_7F4A_7C15), limitBytes: 100)
            var directives: [PullDirective] = []
            let nodes = [2, 3, 4, 5].map { NodeID($0) }
            queue.want(
                PullBench.object(1), .get, from: nodes, owner: PullBench.owner, size: 1, isGone: { _ in false }, into: &directives)
            directives = []
            queue.roomGranted(PullBench.object(1), into: &directives)
            if case .ask(let source, _, _)? = directives.first { firsts[source.value, default: 0] += 1 }
        }
        #expect(firsts.count == 4 && firsts.values.allSatisfy { $0 > 10 }, "\(firsts)")
    }

    @Test("the books are right after any sequence of events, and empty when all has ended", arguments: UInt64(1)...20)
    func randomEvents(_ seed: UInt64) {
        var random = SeededRandom(seed)
        var bench = PullBench(limit: 300)
        var timers: [PullTimer] = []
        var most = 0
        // Room that was asked for, and whether it was granted: each is dropped once, or the object arrives in it.
        var rooms: [ObjectID: Bool] = [:]
        func checkRooms() {
            for directive in bench.directives {
                switch directive {
                case .makeRoom(let id, _, _): #expect(rooms.updateValue(false, forKey: id) == nil, "room twice")
                case .dropRoom(let id): rooms[id] = nil
                case .putBack(let ids): for id in ids { #expect(rooms.removeValue(forKey: id) == false, "a room that was granted") }
                default: break
                }
            }
            #expect(rooms == bench.queue.pulls.filter(\.value.isActive).mapValues { $0.stage != .room })
        }
        for _ in 0..<3_000 {
            let number = UInt64.random(in: 1...12, using: &random), id = PullBench.object(number)
            let pull = bench.queue.pulls[id]
            let request = pull?.source?.request ?? UInt64.random(in: 1...50, using: &random)
            let kind = PullKind.allCases.randomElement(using: &random) ?? .get
            let nodes = (1...6 as ClosedRange<UInt64>).filter { _ in random.chance(40) }
            // Not every turn has an event.
            bench.directives = []
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<25:
                let lostHere = random.chance(5) ? "so" : nil
                bench.want(number, kind, from: nodes, size: Int.random(in: 0...200, using: &random), lostHere: lostHere)
            case 25..<32: bench.forget(number, kind)
            case 32..<50:
                if pull?.stage == .room { rooms[id] = true }
                bench.grant(number)
            case 50..<53:
                if pull?.stage == .room { rooms[id] = nil }
                bench.step { $0.roomRefused(id, ErrorRecord(.objectStoreFull, "full"), into: &$1) }
            case 53..<55:
                if pull?.stage == .room { rooms[id] = nil }
                bench.step { $0.isBeingWritten(id, into: &$1) }
            case 55..<62:
                rooms[id] = nil
                if pull != nil { bench.arrive(number) }
            case 62..<67: bench.step { queue, _ in queue.chunkTaken(id, request: request) }
            case 67..<69: bench.step { $0.chunkFaulty(id, request: request, why: "flipped", into: &$1) }
            case 69..<71: bench.step { $0.sizeIs(Int.random(in: 0...200, using: &random), id, request: request, into: &$1) }
            case 71..<83:
                let refusal = [PullRefusal.absent, .busy, .noRoom, .stalled].randomElement(using: &random) ?? .busy
                bench.refuse(number, refusal, others: nodes)
            case 83..<86:
                let node = NodeID(UInt64.random(in: 2...6, using: &random)), isGone = random.chance(30)
                bench.step { $0.connectionBroke(to: node, isGone: isGone, into: &$1) }
            case 86..<88:
                let node = UInt64.random(in: 2...6, using: &random)
                bench.step { $0.nodesGone([NodeID(node)], into: &$1) }
            default: if let timer = timers.randomElement(using: &random) { bench.fire(timer) }
            }
            checkRooms()
            timers = (timers + bench.timers).suffix(100)
            // One more of each kind than fits.
            most = max(most, bench.queue.activeBytes)
        }
        #expect(most <= 300 + 3 * 200)
        for object in bench.queue.pulls.keys.sorted() {
            for kind in PullKind.allCases {
                bench.forget(object.task.unique, kind)
                checkRooms()
            }
        }
        #expect(bench.queue.isEmpty && bench.queue.activeBytes == 0 && bench.queue.asked.isEmpty)
    }
}
