package import RayflowCore

/// What is to come to this node from others: which objects now, and from where. No IO and no clock.
///
/// Objects wait in line: those that somebody reads, then those that somebody waits for, then arguments of tasks that have not begun. As many
/// as fit into ``limitBytes`` from the front are on their way, and of the most urgent kind at least one. One that is on its way has room here
/// before a node is asked for it. A node that fails, is silent or has gone is followed by another, which sends what is missing; when all refuse
/// for now, they are asked again after a pause.
package struct PullQueue: Sendable {
    package let node: NodeID
    /// Bytes on their way at the same time.
    package let limitBytes: Int
    /// Objects that are wanted at the same time.
    package let limit: Int
    /// A variable for the test kit, where a source may be silent for less.
    package var silenceNS = TransferLimits.silenceNS
    package private(set) var counters = PullCounters()

    var pulls: [ObjectID: PullEntry] = [:]
    /// Those with a source.
    var asked: Set<ObjectID> = []
    /// Those that wait for their turn, by kind; entries whose number is not that of the object any more do not count.
    var lines = [Line<Turn>](repeating: Line(), count: PullKind.allCases.count)
    var activeBytes = 0
    /// By kind.
    var active = [Int](repeating: 0, count: PullKind.allCases.count)
    /// Of these, those without room, which can be put back into line; by kind.
    var roomless = [Set<ObjectID>](repeating: [], count: PullKind.allCases.count)
    /// A look for silence will come.
    private(set) var isListening = false
    private var nextRequest: UInt64 = 1
    private var nextTurn: UInt64 = 1

    package init(node: NodeID, limitBytes: Int, limit: Int = TransferLimits.wanted) {
        self.node = node
        self.limitBytes = limitBytes
        self.limit = limit
    }

    // MARK: - Wants

    /// Somebody wants an object that is not here.
    /// - Parameters:
    ///   - nodes: those that are said to have it.
    ///   - lostHere: this node had a copy, and this is what became of it.
    ///   - isGone: whether the cluster has given a node up. The others are asked, also those that had no copy when they were asked before.
    package mutating func want(
        _ object: ObjectID, _ kind: PullKind, from nodes: [NodeID], owner: Address, size: Int, lostHere: String? = nil,
        isGone: (NodeID) -> Bool, into out: inout [PullDirective]
    ) {
        if var pull = pulls[object] {
            if nodes.contains(node) { pull.isSaidToBeHere = lostHere == nil }
            if lostHere != nil, !pull.lost.contains(node) { pull.lost.append(node) }
            let hasNews = nameHolders(nodes, of: &pull, isGone: isGone)
            pulls[object] = pull
            if kind > pull.kind { counters.upgraded += 1 }
            setKinds(pull.kinds.union([kind]), of: object)
            if pull.stage == .seal, lostHere != nil { return isNotWritten(object, why: lostHere, into: &out) }
            if pull.stage == .pausing, hasNews {
                startRound(object)
                askNext(object, into: &out)
            }
            return admit(into: &out)
        }
        guard pulls.count < limit else {
            let error = ErrorRecord(.objectStoreFull, "node \(node) waits for \(limit) objects already; get fewer at a time")
            counters.failed += 1
            return out.append(.failed(object, error, lost: []))
        }
        var pull = PullEntry(owner: owner, size: Self.plausible(size), kinds: [kind])
        pull.isSaidToBeHere = nodes.contains(node) && lostHere == nil
        if let lostHere {
            pull.lost = [node]
            pull.why = lostHere
        }
        nameHolders(nodes, of: &pull, isGone: isGone)
        let isHere = pull.known.isEmpty && pull.isSaidToBeHere
        let isNowhere = pull.known.isEmpty && !isHere
        pulls[object] = pull
        if isNowhere { return fail(object, into: &out) }
        if isHere { awaitSeal(object, into: &out) } else { enqueue(object) }
        admit(into: &out)
    }

    /// Nobody wants the object for this reason any more. When nobody wants it at all, it does not come.
    package mutating func forget(_ object: ObjectID, _ kind: PullKind, into out: inout [PullDirective]) {
        guard let pull = pulls[object], pull.kinds.contains(kind) else { return }
        let left = pull.kinds.subtracting([kind])
        if !left.isEmpty {
            setKinds(left, of: object)
        } else {
            counters.cancelled += 1
            remove(object, into: &out)
        }
        admit(into: &out)
    }

    // MARK: - Room

    package mutating func roomGranted(_ object: ObjectID, into out: inout [PullDirective]) {
        guard let pull = pulls[object], pull.stage == .room else { return }
        roomless[Int(pull.kind.rawValue)].remove(object)
        startRound(object)
        askNext(object, into: &out)
    }

    package mutating func roomRefused(_ object: ObjectID, _ error: ErrorRecord, into out: inout [PullDirective]) {
        guard pulls[object]?.stage == .room else { return }
        end(object, error, into: &out)
    }

    /// Its room is that of a process of this node, which writes it.
    package mutating func isBeingWritten(_ object: ObjectID, into out: inout [PullDirective]) {
        guard pulls[object]?.stage == .room else { return }
        awaitSeal(object, into: &out)
        admit(into: &out)
    }

    /// The object is here.
    package mutating func arrived(_ object: ObjectID, into out: inout [PullDirective]) {
        guard pulls[object] != nil else { return }
        counters.arrived += 1
        remove(object, into: &out, isHere: true)
        admit(into: &out)
    }

    // MARK: - Sources

    /// Whose object it is that is wanted here; nil: it is not wanted.
    package func owner(of object: ObjectID) -> Address? { pulls[object]?.owner }

    /// - Returns: whether chunks of this request are wanted from this node.
    package func isWanted(_ object: ObjectID, request: UInt64, from source: NodeID) -> Bool {
        pulls[object]?.stage == .asked(source, request: request)
    }

    /// Whether what is missing here will come, as far as is known: then it may be passed on to others but `reader`.
    package func isComing(_ object: ObjectID, for reader: NodeID) -> Bool {
        guard let pull = pulls[object], case .asked(let source, _) = pull.stage else { return false }
        return pull.isAccepted && source != reader
    }

    /// The source has the object, or it is coming to it, and chunks will follow.
    package mutating func accepted(_ object: ObjectID, request: UInt64) {
        guard let pull = pulls[object], pull.source?.request == request else { return }
        pulls[object]?.isAccepted = true
        pulls[object]?.quietLooks = 0
    }

    /// A chunk has come to its place.
    package mutating func chunkTaken(_ object: ObjectID, request: UInt64) {
        guard let pull = pulls[object], pull.source?.request == request else { return }
        pulls[object]?.quietLooks = 0
        pulls[object]?.isAccepted = true
        pulls[object]?.chunks += 1
        pulls[object]?.pauses = 0
        pulls[object]?.doubted = nil
    }

    /// A chunk is not as its source has made it: damaged on its way, it comes again. A source of which that is so again and again has no copy
    /// that anybody can use.
    package mutating func chunkFaulty(_ object: ObjectID, request: UInt64, why: String, into out: inout [PullDirective]) {
        guard let pull = pulls[object], case .asked(let source, request) = pull.stage else { return }
        counters.faulty += 1
        out.append(.cancel(source, object, request: request))
        pulls[object]?.faults[source, default: 0] += 1
        guard pull.faults[source, default: 0] < TransferLimits.faultyChunks else {
            return giveUp(object, why: "node \(source) has sent \(why), again and again", isLost: true, into: &out)
        }
        asked.remove(object)
        pulls[object]?.untried.append(source)
        askNext(object, into: &out)
    }

    /// The object has another size than was said: what has come is of no use.
    package mutating func sizeIs(_ size: Int, _ object: ObjectID, request: UInt64, into out: inout [PullDirective]) {
        let size = Self.plausible(size)
        guard let pull = pulls[object], case .asked(let source, request) = pull.stage, pull.size != size else { return }
        guard pull.pauses < TransferLimits.pauses else { return fail(object, into: &out) }
        out.append(.cancel(source, object, request: request))
        out.append(.stalled(object))
        out.append(.dropRoom(object))
        leave(object)
        pulls[object]?.size = size
        pulls[object]?.chunks = 0
        pulls[object]?.pauses += 1
        enqueue(object)
        admit(into: &out)
    }

    package mutating func refused(
        _ object: ObjectID, request: UInt64, _ refusal: PullRefusal, others: [NodeID], why: String, into out: inout [PullDirective]
    ) {
        guard var pull = pulls[object], pull.source?.request == request else { return }
        if refusal == .busy {
            counters.redirected += others.isEmpty ? 0 : 1
            learn(others, of: &pull)
            pulls[object] = pull
        }
        if refusal != .absent { pulls[object]?.refusals.insert(refusal) }
        giveUp(object, why: why, isLost: refusal == .absent, into: &out)
    }

    /// The connection to a node broke. One that is alive is asked once more, soon, and then, as long as it cannot be reached, again with the
    /// others after a pause: only the cluster says that it is gone with its copy.
    package mutating func connectionBroke(to source: NodeID, isGone: Bool, into out: inout [PullDirective]) {
        for object in from(source) {
            guard let pull = pulls[object], case .asked(_, let request) = pull.stage else { continue }
            if isGone {
                giveUp(object, why: "node \(source) is gone", isLost: true, into: &out)
            } else if pull.doubted == source {
                pulls[object]?.refusals.insert(.stalled)
                giveUp(object, why: "the connection to node \(source) breaks", isLost: false, into: &out)
            } else {
                pulls[object]?.doubted = source
                pulls[object]?.stage = .broken(source, request: request)
                out.append(.stalled(object))
                out.append(.startTimer(.broken(object, request: request), afterNS: TransferLimits.brokenSourceNS))
            }
        }
    }

    /// The cluster has given nodes up.
    package mutating func nodesGone(_ nodes: Set<NodeID>, into out: inout [PullDirective]) {
        func gone(_ pull: PullEntry) -> [NodeID] { pull.known.filter { nodes.contains($0) && !pull.lost.contains($0) } }
        for object in pulls.filter({ !gone($0.value).isEmpty }).keys.sorted() {
            guard var pull = pulls[object] else { continue }
            pull.lost += gone(pull)
            pull.untried.removeAll(where: nodes.contains)
            pull.why = "node \(pull.lost[pull.lost.count - 1]) is gone"
            pulls[object] = pull
            switch pull.stage {
            case .asked(let source, _), .broken(let source, _):
                if nodes.contains(source) { giveUp(object, why: "node \(source) is gone", isLost: true, into: &out) }
            case .pausing:
                startRound(object)
                askNext(object, into: &out)
            case .waiting, .room: if !pull.hasSources, !pull.isSaidToBeHere { fail(object, into: &out) }
            case .seal: break
            }
        }
    }

    // MARK: - Timers

    package mutating func timerFired(_ timer: PullTimer, isGone: (NodeID) -> Bool, into out: inout [PullDirective]) {
        switch timer {
        case .silence: leaveSilent(isGone, into: &out)
        case .broken(let object, let request):
            guard let pull = pulls[object], case .broken(let source, request) = pull.stage else { return }
            pulls[object]?.untried.append(source)
            askNext(object, into: &out)
        case .pause(let object, let turn):
            guard let pull = pulls[object], pull.stage == .pausing, pull.turn == turn else { return }
            startRound(object)
            askNext(object, into: &out)
        case .seal(let object, let turn):
            guard let pull = pulls[object], pull.stage == .seal, pull.turn == turn else { return }
            isNotWritten(object, why: nil, into: &out)
        }
    }

    // MARK: - Parts

    private static func plausible(_ size: Int) -> Int { min(max(size, 0), TransferLimits.objectBytes) }

    /// - Returns: whether there is somebody to ask who was not there before.
    @discardableResult
    private func nameHolders(_ nodes: [NodeID], of pull: inout PullEntry, isGone: (NodeID) -> Bool) -> Bool {
        let back = pull.lost.filter { $0 != node && nodes.contains($0) && !isGone($0) }
        pull.lost.removeAll(where: back.contains)
        pull.untried += back
        let count = pull.known.count
        learn(nodes, of: &pull)
        pull.holders.formUnion(nodes.filter(pull.known.contains))
        return pull.known.count > count || !back.isEmpty
    }

    private func learn(_ nodes: [NodeID], of pull: inout PullEntry) {
        for other in nodes where other != node && !pull.known.contains(other) {
            guard pull.known.count < TransferLimits.sources else { return }
            pull.known.append(other)
            pull.untried.append(other)
        }
    }

    /// All that may have it are asked, in an order that differs from node to node: they should not all ask the same one first.
    private mutating func startRound(_ object: ObjectID) {
        guard let pull = pulls[object] else { return }
        func rank(_ source: NodeID) -> UInt64 {
            let mixed = (source.value ^ node.value &* 0x9E37_79B9_7F4A_7C15) &* 0xBF58_476D_1CE4_E5B9
            return mixed ^ (mixed >> 31)
        }
        pulls[object]?.untried = pull.known.filter { !pull.lost.contains($0) }.sorted { rank($0) < rank($1) }
        pulls[object]?.refusals = []
    }

    private mutating func askNext(_ object: ObjectID, into out: inout [PullDirective]) {
        guard var pull = pulls[object] else { return }
        guard let source = pull.untried.popLast() else {
            pulls[object] = pull
            return roundOver(object, into: &out)
        }
        let request = nextRequest
        nextRequest += 1
        asked.insert(object)
        pull.stage = .asked(source, request: request)
        pull.quietLooks = 0
        pull.isAccepted = false
        pulls[object] = pull
        counters.asked += 1
        out.append(.ask(source, object, request: request))
        listen(into: &out)
    }

    /// One timer for all, while any has a source.
    private mutating func listen(into out: inout [PullDirective]) {
        guard !isListening, !asked.isEmpty else { return }
        isListening = true
        out.append(.startTimer(.silence, afterNS: silenceNS / UInt64(TransferLimits.silenceLooks)))
    }

    private mutating func leaveSilent(_ isGone: (NodeID) -> Bool, into out: inout [PullDirective]) {
        isListening = false
        var silent: [ObjectID] = []
        for object in asked {
            guard let pull = pulls[object], case .asked = pull.stage else { continue }
            pulls[object]?.quietLooks += 1
            // The first look came at once, perhaps.
            if pull.quietLooks >= TransferLimits.silenceLooks { silent.append(object) }
        }
        for object in silent.sorted() {
            guard case .asked(let source, let request)? = pulls[object]?.stage else { continue }
            out.append(.cancel(source, object, request: request))
            let why = "node \(source) has sent nothing for \(silenceNS / 1_000_000) ms"
            giveUp(object, why: why, isLost: isGone(source), into: &out)
        }
        listen(into: &out)
    }

    /// The source is left. What came from it stays: copies of an object are equal.
    private mutating func giveUp(_ object: ObjectID, why: String, isLost: Bool, into out: inout [PullDirective]) {
        guard let source = pulls[object]?.source?.node else { return }
        asked.remove(object)
        pulls[object]?.why = why
        if isLost, pulls[object]?.lost.contains(source) == false { pulls[object]?.lost.append(source) }
        // Those that get it from here may be whom this node asks next: nodes must not wait for each other in a circle.
        out.append(.stalled(object))
        askNext(object, into: &out)
    }

    private mutating func roundOver(_ object: ObjectID, into out: inout [PullDirective]) {
        guard let pull = pulls[object] else { return }
        guard pull.mayComeLater, pull.pauses < TransferLimits.pauses, pull.hasSources else { return fail(object, into: &out) }
        let pause = min(TransferLimits.firstPauseNS << UInt64(min(pull.pauses, 16)), TransferLimits.longestPauseNS)
        counters.paused += 1
        let turn = takeTurn()
        pulls[object]?.pauses += 1
        pulls[object]?.stage = .pausing
        pulls[object]?.turn = turn
        out.append(.startTimer(.pause(object, turn: turn), afterNS: pause))
    }

    private mutating func awaitSeal(_ object: ObjectID, into out: inout [PullDirective]) {
        leave(object)
        let turn = takeTurn()
        pulls[object]?.stage = .seal
        pulls[object]?.turn = turn
        out.append(.startTimer(.seal(object, turn: turn), afterNS: TransferLimits.sealWaitNS))
    }

    private mutating func isNotWritten(_ object: ObjectID, why: String?, into out: inout [PullDirective]) {
        guard let pull = pulls[object] else { return }
        pulls[object]?.why = why ?? "its copy on node \(node) is gone"
        guard pull.hasSources else { return fail(object, into: &out) }
        enqueue(object)
        admit(into: &out)
    }

    private mutating func fail(_ object: ObjectID, into out: inout [PullDirective]) {
        guard let pull = pulls[object] else { return }
        if pull.isSaidToBeHere, !pull.lost.contains(node) { pulls[object]?.lost.append(node) }
        let lost = pulls[object]?.lost ?? []
        // With nodes that have lost it, its owner says what follows, and this only what became of the copies.
        let error = lost.isEmpty ? ErrorRecord(.objectLost, "object \(object) is lost: \(pull.why)", reason: .fetchTimedOut) : nil
        end(object, error ?? ErrorRecord(.objectLost, pull.why), into: &out)
    }

    private mutating func end(_ object: ObjectID, _ error: ErrorRecord, into out: inout [PullDirective]) {
        let lost = error.code == .objectLost ? pulls[object]?.lost ?? [] : []
        counters.failed += 1
        remove(object, into: &out)
        out.append(.failed(object, error, lost: lost))
        admit(into: &out)
    }

    private mutating func remove(_ object: ObjectID, into out: inout [PullDirective], isHere: Bool = false) {
        guard let pull = pulls[object] else { return }
        // One that has sent everything knows that it is done, and takes no notice.
        if let (source, request) = pull.source { out.append(.cancel(source, object, request: request)) }
        if !isHere, pull.isActive { out += [.stalled(object), .dropRoom(object)] }
        leave(object)
        pulls[object] = nil
    }

    mutating func takeTurn() -> UInt64 {
        defer { nextTurn += 1 }
        return nextTurn
    }

    private func from(_ source: NodeID) -> [ObjectID] {
        pulls.filter { if case .asked(source, _) = $0.value.stage { true } else { false } }.keys.sorted()
    }
}
