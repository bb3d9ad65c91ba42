import ObjectStore
import RayflowCore
import Testing

@testable import Raylet

/// Nodes that get objects from each other, with virtual time: each line sends one chunk after the other, messages take a while and keep their
/// order, nodes die, with or without a word, connections break, and room is refused. What the nodes decide is production code; what carries it
/// out is here.
final class TransferWorld {
    struct Node {
        var pulls: PullQueue
        var pushes = PushQueue()
        /// Chunks of objects that are coming.
        var coming: [ObjectID: Set<UInt32>] = [:]
        var complete: Set<ObjectID> = []
        var failed: [ObjectID: ErrorRecord] = [:]
        /// When.
        var failedNS: [ObjectID: UInt64] = [:]
        var isAlive = true
        /// When its line is free again.
        var lineNS: UInt64 = 0
        var chunksSent = 0
        var chunksTaken = 0
    }

    private struct Event {
        var at: UInt64
        var number: UInt64
        var body: () -> Void
    }

    /// 5 MiB on a line of 10 Gbit/s.
    static let chunkNS: UInt64 = 4_000_000
    static let chunks = 20

    private(set) var now: UInt64 = 0
    private(set) var nodes: [NodeID: Node] = [:]
    private var events: [Event] = []
    private var next: UInt64 = 0
    private var random: SeededRandom
    /// Raised when a connection breaks: what is on it is lost.
    private var lives: [Set<NodeID>: Int] = [:]
    private var lastArrival: [[NodeID]: UInt64] = [:]
    /// What is wanted where, to be wanted once more.
    private var wants: [UInt64: [ObjectID: () -> Void]] = [:]
    /// Nodes that died without a word: who sends to them hears nothing.
    private var silent: Set<NodeID> = []
    /// When the last object came to where it was wanted.
    private(set) var lastNS: UInt64 = 0
    /// Of requests for room, so many are refused: to bring a copy here, and to bring one back that is to be sent.
    var noRoomPercent: UInt64 = 0
    private(set) var roomRefusals = 0
    private var isTicking = false
    /// Far more than any test here needs: nodes that ask each other for ever are a failure, no endless test.
    private static let mostEvents = 2_000_000

    init(_ count: Int, seed: UInt64) {
        random = SeededRandom(seed)
        for number in 1...UInt64(count) { nodes[NodeID(number)] = Node(pulls: PullQueue(node: NodeID(number), limitBytes: 400 << 20)) }
    }

    func put(_ object: ObjectID, on node: UInt64) { nodes[NodeID(node)]?.complete.insert(object) }

    func want(_ object: ObjectID, on node: UInt64, from holders: [UInt64], kind: PullKind = .get) {
        tick()
        wants[node, default: [:]][object] = { [self] in want(object, on: node, from: holders, kind: kind) }
        let size = Self.chunks * StoreLimits.chunkSize
        pull(NodeID(node)) { $0.want(object, kind, from: holders.map { NodeID($0) }, owner: .gcs, size: size, isGone: isGone, into: &$1) }
    }

    func after(_ delay: UInt64, _ body: @escaping () -> Void) {
        next += 1
        let event = Event(at: now + delay, number: next, body: body)
        let place = events.firstIndex { ($0.at, $0.number) < (event.at, event.number) } ?? events.count
        events.insert(event, at: place)
    }

    /// Until nothing happens any more, or so long.
    func run(untilNS limit: UInt64 = .max) {
        var count = 0
        while let event = events.last, event.at <= limit {
            events.removeLast()
            now = event.at
            event.body()
            count += 1
            guard count < Self.mostEvents else {
                Issue.record("\(count) events, and no end at \(now) ns")
                break
            }
        }
        wants = [:]
    }

    /// Once a second, as long as anything is on its way.
    private func tick() {
        guard !isTicking else { return }
        isTicking = true
        after(1_000_000_000) { [self] in
            isTicking = false
            for node in nodes.keys.sorted() { push(node) { $0.tick(into: &$1) } }
            if nodes.values.contains(where: { $0.isAlive && !($0.pulls.isEmpty && $0.pushes.isEmpty) }) { tick() }
        }
    }

    /// The node dies, and no connection breaks: the others find out by its silence, and from the cluster after `noticeNS`.
    func killSilently(_ number: UInt64, noticeNS: UInt64) {
        let dead = NodeID(number)
        nodes[dead]?.isAlive = false
        silent.insert(dead)
        after(noticeNS) { [self] in
            silent.remove(dead)
            tell(dead)
        }
    }

    private func tell(_ dead: NodeID) {
        for node in nodes.keys.sorted() where node != dead {
            push(node) { $0.nodesGone([dead], into: &$1) }
            pull(node) { $0.nodesGone([dead], into: &$1) }
        }
    }

    private func isGone(_ node: NodeID) -> Bool { nodes[node]?.isAlive != true && !silent.contains(node) }

    private func isRefused() -> Bool {
        guard random.next() % 100 < noRoomPercent else { return false }
        roomRefusals += 1
        return true
    }

    func kill(_ number: UInt64) {
        let dead = NodeID(number)
        nodes[dead]?.isAlive = false
        for node in nodes.keys.sorted() where node != dead {
            breakConnection(dead, node)
            after(random.next() % 30_000_000) { [self] in
                push(node) { $0.nodesGone([dead], into: &$1) }
                pull(node) { $0.nodesGone([dead], into: &$1) }
            }
        }
    }

    func breakConnection(_ a: NodeID, _ b: NodeID) {
        lives[[a, b], default: 0] += 1
        for (node, other) in [(a, b), (b, a)] {
            after(random.next() % 2_000_000) { [self] in
                push(node) { $0.lost(other, isGone: false, into: &$1) }
                pull(node) { $0.connectionBroke(to: other, isGone: false, into: &$1) }
            }
        }
    }

    // MARK: - Shells

    private func pull(_ node: NodeID, _ body: (inout PullQueue, inout [PullDirective]) -> Void) {
        guard let state = nodes[node], state.isAlive else { return }
        var queue = state.pulls, directives: [PullDirective] = []
        body(&queue, &directives)
        nodes[node]?.pulls = queue
        for fault in queue.checkInvariants() { Issue.record("\(fault)") }
        for directive in directives { carryOut(directive, node) }
    }

    private func push(_ node: NodeID, _ body: (inout PushQueue, inout [PushDirective]) -> Void) {
        guard let state = nodes[node], state.isAlive else { return }
        var queue = state.pushes, directives: [PushDirective] = []
        body(&queue, &directives)
        nodes[node]?.pushes = queue
        for fault in queue.checkInvariants() { Issue.record("\(fault)") }
        for directive in directives { carryOut(directive, node) }
    }

    private func carryOut(_ directive: PullDirective, _ node: NodeID) {
        switch directive {
        case .makeRoom(let object, _, _):
            after(random.next() % 1_000_000) { [self] in
                guard nodes[node]?.pulls.pulls[object]?.stage == .room else { return }
                guard !isRefused() else {
                    return pull(node) { $0.roomRefused(object, ErrorRecord(.objectStoreFull, "full"), into: &$1) }
                }
                nodes[node]?.coming[object] = []
                pull(node) { $0.roomGranted(object, into: &$1) }
            }
        case .dropRoom(let object): nodes[node]?.coming[object] = nil
        case .putBack(let objects): for object in objects { nodes[node]?.coming[object] = nil }
        case .ask(let source, let object, let request):
            let there = nodes[node]?.coming[object] ?? []
            let missing = (0..<UInt32(Self.chunks)).filter { !there.contains($0) }.map { $0..<$0 + 1 }
            send(node, source) { [self] in asked(source, object, request: request, missing: missing, from: node) }
        case .cancel(let source, let object, let request):
            send(node, source) { [self] in push(source) { $0.cancelled(object, request: request, by: node, into: &$1) } }
        case .stalled(let object): push(node) { $0.withdraw(object, .stalled, into: &$1) }
        case .failed(let object, let error, _):
            nodes[node]?.failed[object] = error
            nodes[node]?.failedNS[object] = now
            // As a reader does, and a lease.
            if error.code == .objectStoreFull, let again = wants[node.value]?[object] { after(20_000_000, again) }
        case .startTimer(let timer, let delay):
            after(delay) { [self] in pull(node) { $0.timerFired(timer, isGone: self.isGone, into: &$1) } }
        }
    }

    private func carryOut(_ directive: PushDirective, _ node: NodeID) {
        switch directive {
        case .accept(let to, let object, let request):
            send(node, to) { [self] in pull(to) { queue, _ in queue.accepted(object, request: request) } }
        case .refuse(let to, let object, let request, let refusal, let others):
            refuse(node, to, object, request, refusal, others)
        case .send(let to, let object, let request, let index):
            let start = max(now, nodes[node]?.lineNS ?? 0)
            nodes[node]?.lineNS = start + Self.chunkNS
            after(start + Self.chunkNS - now) { [self] in
                guard nodes[node]?.pushes.isOpen(object, to: to, request: request) == true else { return }
                nodes[node]?.chunksSent += 1
                send(node, to) { [self] in chunk(to, object, request: request, index: index, from: node) }
            }
        case .release: break
        }
    }

    private func refuse(
        _ node: NodeID, _ to: NodeID, _ object: ObjectID, _ request: UInt64, _ refusal: PullRefusal, _ others: [NodeID] = []
    ) {
        send(node, to) { [self] in
            pull(to) { $0.refused(object, request: request, refusal, others: others, why: "\(node): \(refusal)", into: &$1) }
        }
    }

    private func asked(_ node: NodeID, _ object: ObjectID, request: UInt64, missing: [Range<UInt32>], from: NodeID) {
        guard let state = nodes[node], state.isAlive else { return }
        if !state.complete.contains(object) {
            guard let there = state.coming[object] else { return refuse(node, from, object, request, .absent) }
            guard state.pulls.isComing(object, for: from) else { return refuse(node, from, object, request, .stalled) }
            nodes[node]?.pushes.offer(object, size: Self.chunks * StoreLimits.chunkSize, there: there.map { Int($0) })
        } else {
            if !state.pushes.hasSource(object), isRefused() { return refuse(node, from, object, request, .noRoom) }
            nodes[node]?.pushes.offer(object, size: Self.chunks * StoreLimits.chunkSize)
        }
        push(node) { $0.request(object, request: request, from: from, missing: missing, into: &$1) }
    }

    private func chunk(_ node: NodeID, _ object: ObjectID, request: UInt64, index: UInt32, from: NodeID) {
        guard nodes[node]?.pulls.isWanted(object, request: request, from: from) == true else {
            return send(node, from) { [self] in push(from) { $0.cancelled(object, request: request, by: node, into: &$1) } }
        }
        let isNew = nodes[node]?.coming[object]?.insert(index).inserted == true
        #expect(isNew, "chunk \(index) came twice to \(node)")
        nodes[node]?.chunksTaken += 1
        push(node) { $0.chunkCame(object, index, into: &$1) }
        send(node, from) { [self] in push(from) { $0.taken(object, request: request, index: index, by: node, into: &$1) } }
        pull(node) { queue, _ in queue.chunkTaken(object, request: request) }
        guard nodes[node]?.coming[object]?.count == Self.chunks else { return }
        nodes[node]?.coming[object] = nil
        nodes[node]?.complete.insert(object)
        lastNS = now
        push(node) { $0.isComplete(object, into: &$1) }
        pull(node) { $0.arrived(object, into: &$1) }
    }

    private func send(_ from: NodeID, _ to: NodeID, _ body: @escaping () -> Void) {
        guard nodes[from]?.isAlive == true else { return }
        let life = lives[[from, to]] ?? 0
        let at = max(now + 50_000 + random.next() % 500_000, lastArrival[[from, to]] ?? 0)
        lastArrival[[from, to]] = at
        after(at - now) { [self] in
            guard lives[[from, to]] ?? 0 == life else { return }
            guard nodes[to]?.isAlive != true, !silent.contains(to) else { return body() }
            // Who sends to a node that is gone hears that it cannot be reached.
            push(from) { $0.lost(to, isGone: true, into: &$1) }
            pull(from) { $0.connectionBroke(to: to, isGone: true, into: &$1) }
        }
    }
}
