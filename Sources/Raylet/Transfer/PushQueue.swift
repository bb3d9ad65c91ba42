import ObjectStore
package import RayflowCore

/// What goes from this node to others: to whom, and which chunk next. No IO and no clock.
///
/// One node gets an object once at a time. Chunks of all that is on its way take turns; so many bytes are under way, in all and for each, until
/// the receivers have put them in their places. Of one object few copies go out at a time, and whoever else asks is told where they go: nodes
/// pass on the chunks that they have, so that a broadcast makes a tree.
package struct PushQueue: Sendable {
    struct Key: Hashable, Sendable {
        var object: ObjectID
        var node: NodeID
    }

    struct Turn: Hashable, Sendable {
        var key: Key
        var request: UInt64
    }

    struct Push: Sendable {
        var request: UInt64
        /// Chunks that it wants and that are here, the next one first.
        var ready: [UInt32]
        var sent = 0
        /// Chunks that it wants and that are not here yet.
        var awaited: Set<UInt32> = []
        /// Under way, with their bytes.
        var underWay: [UInt32: Int] = [:]
        var underWayBytes = 0
        var isInTurn = false
        /// The tick at which the receiver has taken something, or something got under way after a time without.
        var heardTick = 0

        /// The entry of a line is not out of date.
        func waits(_ request: UInt64) -> Bool { isInTurn && self.request == request }
        var hasReady: Bool { sent < ready.count }
        var isDone: Bool { !hasReady && awaited.isEmpty && underWay.isEmpty }
    }

    struct Source: Sendable {
        var plan: ChunkPlan
        /// Chunks that are here; nil: all of them.
        var there: Set<UInt32>?
        var receivers: [NodeID] = []
        /// Times that somebody was told of them.
        var referrals = 0
        /// The tick at which it was offered.
        var offeredTick: Int
    }

    /// Bytes under way at the same time. 0: nothing is sent.
    package private(set) var limitBytes: Int
    package let windowBytes: Int
    package private(set) var counters = PushCounters()
    var pushes: [Key: Push] = [:]
    var sources: [ObjectID: Source] = [:]
    var underWayBytes = 0
    /// Those that have something to send and place in their windows, in turn.
    var turns = Line<Turn>()
    private var ticks = 0

    package init(limitBytes: Int = TransferLimits.outgoingBytes, windowBytes: Int = TransferLimits.windowBytes) {
        self.limitBytes = limitBytes
        self.windowBytes = windowBytes
    }

    package mutating func setLimit(_ bytes: Int, into out: inout [PushDirective]) {
        limitBytes = bytes
        pump(into: &out)
    }

    // MARK: - Objects

    package func hasSource(_ object: ObjectID) -> Bool { sources[object] != nil }
    /// As many copies are on their way as may be.
    package var isFull: Bool { pushes.count >= TransferLimits.pushes }

    /// The object can be sent from here, all of it or, while it still comes, the chunks that are `there`. It stays so until ``PushDirective/release(_:)``.
    package mutating func offer(_ object: ObjectID, size: Int, there: [Int]? = nil) {
        guard sources[object] == nil else { return }
        sources[object] = Source(plan: ChunkPlan(totalSize: size), there: there.map { Set($0.map { UInt32($0) }) }, offeredTick: ticks)
    }

    /// A chunk of an object that is still coming is here.
    package mutating func chunkCame(_ object: ObjectID, _ index: UInt32, into out: inout [PushDirective]) {
        // In place: there are many chunks, and one comes after the other.
        guard sources[object]?.there?.insert(index).inserted == true else { return }
        for node in sources[object]?.receivers ?? [] { makeReady(Key(object: object, node: node), [index]) }
        pump(into: &out)
    }

    /// The whole object is here.
    package mutating func isComplete(_ object: ObjectID, into out: inout [PushDirective]) {
        guard let source = sources[object], source.there != nil else { return }
        sources[object]?.there = nil
        for node in source.receivers {
            let key = Key(object: object, node: node)
            makeReady(key, pushes[key]?.awaited.sorted() ?? [])
        }
        pump(into: &out)
    }

    /// Nothing more of the object can be sent from here.
    package mutating func withdraw(_ object: ObjectID, _ refusal: PullRefusal, into out: inout [PushDirective]) {
        guard let source = sources[object] else { return }
        for node in source.receivers {
            guard let push = pushes[Key(object: object, node: node)] else { continue }
            out.append(.refuse(node, object, request: push.request, refusal, others: []))
            end(Key(object: object, node: node), into: &out)
        }
        release(object, into: &out)
        pump(into: &out)
    }

    // MARK: - Receivers

    /// A node asks for chunks of an object that was offered. What it has asked for before is dropped.
    /// - Parameter missing: the chunks that it wants; none: all.
    package mutating func request(
        _ object: ObjectID, request: UInt64, from node: NodeID, missing: [Range<UInt32>] = [], into out: inout [PushDirective]
    ) {
        guard var source = sources[object] else { return }
        let key = Key(object: object, node: node)
        if pushes[key] != nil {
            counters.repeated += 1
            end(key, keepsSource: true, into: &out)
            source = sources[object] ?? source
        }
        guard source.receivers.count < copiesAtOnce(source.plan.totalSize), !isFull else {
            counters.busy += 1
            // Each in turn, so that those who are told of them spread.
            let first = source.receivers.isEmpty ? 0 : source.referrals % source.receivers.count
            sources[object]?.referrals += 1
            let others = Array(source.receivers[first...] + source.receivers[..<first])
            out.append(.refuse(node, object, request: request, .busy, others: others))
            return
        }
        let count = UInt32(source.plan.count)
        var wanted: [UInt32] = []
        for range in missing.isEmpty ? [0..<count] : missing {
            wanted += range.clamped(to: (wanted.last.map { $0 + 1 } ?? 0)..<count)
        }
        var push = Push(request: request, ready: wanted)
        if let there = source.there {
            push.ready = wanted.filter(there.contains)
            push.awaited = Set(wanted).subtracting(there)
        }
        pushes[key] = push
        sources[object]?.receivers.append(node)
        counters.begun += 1
        counters.mostCopies = max(counters.mostCopies, sources[object]?.receivers.count ?? 0)
        out.append(.accept(node, object, request: request))
        takeTurn(key)
        endIfDone(key, into: &out)
        pump(into: &out)
    }

    /// The receiver has put a chunk in its place.
    package mutating func taken(_ object: ObjectID, request: UInt64, index: UInt32, by node: NodeID, into out: inout [PushDirective]) {
        let key = Key(object: object, node: node)
        guard var push = pushes[key], push.request == request, let bytes = push.underWay.removeValue(forKey: index) else { return }
        push.underWayBytes -= bytes
        push.heardTick = ticks
        pushes[key] = push
        underWayBytes -= bytes
        takeTurn(key)
        endIfDone(key, into: &out)
        pump(into: &out)
    }

    package mutating func cancelled(_ object: ObjectID, request: UInt64, by node: NodeID, into out: inout [PushDirective]) {
        let key = Key(object: object, node: node)
        guard pushes[key]?.request == request else { return }
        counters.cancelled += 1
        end(key, into: &out)
        pump(into: &out)
    }

    /// The node is gone, or the connection to it broke: then it may have asked again already, and is told to do so once more.
    package mutating func lost(_ node: NodeID, isGone: Bool, into out: inout [PushDirective]) {
        for key in pushes.keys.filter({ $0.node == node }).sorted(by: { $0.object < $1.object }) {
            counters.cancelled += 1
            if !isGone, let request = pushes[key]?.request {
                out.append(.refuse(node, key.object, request: request, .stalled, others: []))
            }
            end(key, into: &out)
        }
        pump(into: &out)
    }

    /// The cluster has given nodes up, also behind connections that look whole.
    package mutating func nodesGone(_ nodes: Set<NodeID>, into out: inout [PushDirective]) {
        for node in nodes.sorted() { lost(node, isGone: true, into: &out) }
    }

    /// Whether a chunk of this request is still wanted.
    package func isOpen(_ object: ObjectID, to node: NodeID, request: UInt64) -> Bool {
        pushes[Key(object: object, node: node)]?.request == request
    }

    /// About once a second.
    package mutating func tick(into out: inout [PushDirective]) {
        ticks += 1
        let due = pushes.filter { _, push in
            push.underWay.isEmpty ? push.hasReady : ticks - push.heardTick >= TransferLimits.pushSilenceTicks
        }
        for (key, push) in due.sorted(by: { ($0.key.object, $0.key.node) < ($1.key.object, $1.key.node) }) {
            // Its turn will come: who waits for long must not take that for silence. Not so for chunks that are still to come here.
            guard !push.underWay.isEmpty else {
                out.append(.accept(key.node, key.object, request: push.request))
                continue
            }
            counters.cancelled += 1
            end(key, into: &out)
        }
        let unused = sources.filter { $0.value.receivers.isEmpty && ticks - $0.value.offeredTick >= TransferLimits.keptTicks }
        for object in unused.keys.sorted() { release(object, into: &out) }
        pump(into: &out)
    }

    // MARK: - Parts

    func copiesAtOnce(_ size: Int) -> Int {
        min(max(TransferLimits.copyBytes / max(size, 1), TransferLimits.copiesAtOnce), TransferLimits.mostCopiesAtOnce)
    }

    private mutating func makeReady(_ key: Key, _ indexes: [UInt32]) {
        for index in indexes where pushes[key]?.awaited.remove(index) != nil { pushes[key]?.ready.append(index) }
        takeTurn(key)
    }

    private mutating func takeTurn(_ key: Key) {
        guard let push = pushes[key], push.hasReady, !push.isInTurn, isOpen(push) else { return }
        pushes[key]?.isInTurn = true
        turns.append(Turn(key: key, request: push.request), live: pushes.count) { [pushes] in pushes[$0.key]?.waits($0.request) == true }
    }

    private func isOpen(_ push: Push) -> Bool { push.underWay.isEmpty || push.underWayBytes < windowBytes }

    /// One chunk of each in turn, as long as there is place.
    private mutating func pump(into out: inout [PushDirective]) {
        while let turn = turns.first, limitBytes > 0, underWayBytes < limitBytes {
            turns.removeFirst()
            let key = turn.key
            guard var push = pushes[key], push.waits(turn.request), let plan = sources[key.object]?.plan else { continue }
            push.isInTurn = false
            guard push.hasReady, isOpen(push) else {
                pushes[key] = push
                continue
            }
            let index = push.ready[push.sent]
            push.sent += 1
            let bytes = plan.range(of: Int(index)).count
            if push.underWay.isEmpty { push.heardTick = ticks }
            push.underWay[index] = bytes
            push.underWayBytes += bytes
            underWayBytes += bytes
            counters.chunks += 1
            counters.mostBytes = max(counters.mostBytes, underWayBytes)
            pushes[key] = push
            out.append(.send(key.node, key.object, request: push.request, index: index))
            takeTurn(key)
        }
    }

    private mutating func endIfDone(_ key: Key, into out: inout [PushDirective]) {
        guard pushes[key]?.isDone == true else { return }
        counters.finished += 1
        end(key, into: &out)
    }

    private mutating func end(_ key: Key, keepsSource: Bool = false, into out: inout [PushDirective]) {
        guard let push = pushes.removeValue(forKey: key) else { return }
        underWayBytes -= push.underWayBytes
        sources[key.object]?.receivers.removeAll { $0 == key.node }
        if !keepsSource { releaseIfUnused(key.object, into: &out) }
    }

    private mutating func releaseIfUnused(_ object: ObjectID, into out: inout [PushDirective]) {
        if sources[object]?.receivers.isEmpty == true { release(object, into: &out) }
    }

    private mutating func release(_ object: ObjectID, into out: inout [PushDirective]) {
        if sources.removeValue(forKey: object) != nil { out.append(.release(object)) }
    }
}

/// What has happened since the raylet started.
package struct PushCounters: Hashable, Sendable {
    package var begun: UInt64 = 0
    package var finished: UInt64 = 0
    package var cancelled: UInt64 = 0
    /// Requests of a node for what it had asked for before.
    package var repeated: UInt64 = 0
    /// Requests that were turned away because enough copies were on their way.
    package var busy: UInt64 = 0
    package var chunks: UInt64 = 0
    /// Copies of one object, at most, at a time.
    package var mostCopies = 0
    /// Bytes under way, at most.
    package var mostBytes = 0
}

/// A copy of an object that goes to another node, for status output.
package struct PushRow: Hashable, Sendable {
    package var object: ObjectID
    package var to: NodeID
    package var size: Int
    /// Chunks that it has asked for and that were sent, and those that are still to be sent.
    package var sentChunks: Int
    package var leftChunks: Int
    /// Sent, and not known to be in their place.
    package var underWayBytes: Int
}

extension PushQueue {
    package var isEmpty: Bool { pushes.isEmpty && sources.isEmpty }

    /// By object and node.
    package func rows() -> [PushRow] {
        pushes.map { key, push in
            PushRow(
                object: key.object, to: key.node, size: sources[key.object]?.plan.totalSize ?? 0, sentChunks: push.sent,
                leftChunks: push.ready.count - push.sent + push.awaited.count, underWayBytes: push.underWayBytes)
        }.sorted { $0.object != $1.object ? $0.object < $1.object : $0.to < $1.to }
    }

    package func checkInvariants() -> [String] {
        var faults: [String] = []
        func expect(_ holds: Bool, _ text: @autoclosure () -> String) { if !holds { faults.append(text()) } }
        expect(underWayBytes == pushes.values.reduce(0) { $0 + $1.underWayBytes }, "\(underWayBytes) bytes are said to be under way")
        expect(underWayBytes < limitBytes + StoreLimits.chunkSize, "\(underWayBytes) of \(limitBytes) bytes are under way")
        let inTurn = Set(turns.all)
        for (key, push) in pushes {
            expect(sources[key.object]?.receivers.count { $0 == key.node } == 1, "\(key) gets what is not sent")
            expect(push.underWayBytes == push.underWay.values.reduce(0, +), "\(key): wrong bytes")
            expect(push.underWayBytes < windowBytes + StoreLimits.chunkSize, "\(key): \(push.underWayBytes) bytes are under way")
            expect(!push.isDone, "\(key) is done")
            expect(!push.hasReady || !isOpen(push) || push.isInTurn, "\(key) has no turn")
            if push.isInTurn { expect(inTurn.contains(Turn(key: key, request: push.request)), "\(key) is in no turn") }
            if sources[key.object]?.there == nil { expect(push.awaited.isEmpty, "\(key) waits for what is here") }
        }
        for (object, source) in sources {
            expect(source.receivers.count <= copiesAtOnce(source.plan.totalSize), "\(source.receivers.count) copies of \(object)")
            for node in source.receivers { expect(pushes[Key(object: object, node: node)] != nil, "\(node) gets no \(object)") }
        }
        return faults
    }
}
