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
    package var silenceNS = TransferLimits.silenceNS
    package private(set) var counters = PullCounters()

    var pulls: [ObjectID: PullEntry] = [:]
    var requests: [UInt64: ObjectID] = [:]
    /// Those that wait for their turn, by kind; entries whose number is not that of the object any more do not count.
    var lines = [Line<Turn>](repeating: Line(), count: PullKind.allCases.count)
    var activeBytes = 0
    /// By kind.
    var active = [Int](repeating: 0, count: PullKind.allCases.count)
    /// Of these, those without room, which can be put back into line.
    var roomless: Set<ObjectID> = []
    private var nextRequest: UInt64 = 1
    private var nextTurn: UInt64 = 1

    package init(node: NodeID, limitBytes: Int) {
        self.node = node
        self.limitBytes = limitBytes
    }

    // MARK: - Wants

    /// Somebody wants an object that is not here.
    /// - Parameters:
    ///   - nodes: those that are said to have it.
    ///   - lostHere: this node had a copy, and this is what became of it.
    package mutating func want(
        _ object: ObjectID, _ kind: PullKind, from nodes: [NodeID], owner: Address, size: Int, lostHere: String? = nil,
        into out: inout [PullDirective]
    ) {
        if var pull = pulls[object] {
            if nodes.contains(node) { pull.isSaidToBeHere = lostHere == nil }
            if lostHere != nil, !pull.lost.contains(node) { pull.lost.append(node) }
            let count = pull.known.count
            learn(nodes, of: &pull)
            pulls[object] = pull
            if kind > pull.kind { counters.upgraded += 1 }
            setKinds(pull.kinds.union([kind]), of: object)
            if pull.stage == .seal, lostHere != nil { return isNotWritten(object, why: lostHere, into: &out) }
            if pull.stage == .pausing, pull.known.count > count {
                startRound(object)
                askNext(object, into: &out)
            }
            return admit(into: &out)
        }
        var pull = PullEntry(owner: owner, size: max(size, 0), kinds: [kind], known: [])
        pull.isSaidToBeHere = nodes.contains(node) && lostHere == nil
        if let lostHere {
            pull.lost = [node]
            pull.why = lostHere
        }
        learn(nodes, of: &pull)
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
        guard pulls[object]?.stage == .room else { return }
        roomless.remove(object)
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
        pulls[object]?.heard += 1
    }

    /// A chunk has come to its place.
    package mutating func chunkTaken(_ object: ObjectID, request: UInt64) {
        guard let pull = pulls[object], pull.source?.request == request else { return }
        pulls[object]?.heard += 1
        pulls[object]?.isAccepted = true
        pulls[object]?.chunks += 1
        pulls[object]?.pauses = 0
        pulls[object]?.breaks = 0
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
        requests[request] = nil
        pulls[object]?.untried.append(source)
        askNext(object, into: &out)
    }

    /// The object has another size than was said: what has come is of no use.
    package mutating func sizeIs(_ size: Int, _ object: ObjectID, request: UInt64, into out: inout [PullDirective]) {
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
        guard requests[request] == object, var pull = pulls[object], pull.source?.request == request else { return }
        if refusal == .busy {
            counters.redirected += others.isEmpty ? 0 : 1
            learn(others, of: &pull)
            pulls[object] = pull
        }
        if refusal != .absent { pulls[object]?.wasRefused = true }
        giveUp(object, why: why, isLost: refusal == .absent, into: &out)
    }

    /// The connection to a node broke. One that is alive is reached again: it is asked once more, and if nothing comes of it a few times more.
    package mutating func connectionBroke(to source: NodeID, isGone: Bool, into out: inout [PullDirective]) {
        for object in from(source) {
            guard let pull = pulls[object], case .asked(_, let request) = pull.stage else { continue }
            if isGone || pull.breaks == TransferLimits.breaks {
                let why = isGone ? "node \(source) is gone" : "the connection to node \(source) breaks again and again"
                giveUp(object, why: why, isLost: true, into: &out)
            } else {
                pulls[object]?.breaks += 1
                pulls[object]?.stage = .broken(source, request: request)
                out.append(.stalled(object))
                out.append(.startTimer(.broken(object, request: request), afterNS: TransferLimits.brokenSourceNS))
            }
        }
    }

    /// The cluster has given nodes up.
    package mutating func nodesGone(_ isGone: (NodeID) -> Bool, into out: inout [PullDirective]) {
        let concerned = pulls.filter { $0.value.source.map { isGone($0.node) } == true }.keys
        for object in concerned.sorted() {
            guard let source = pulls[object]?.source?.node else { continue }
            giveUp(object, why: "node \(source) is gone", isLost: true, into: &out)
        }
    }

    // MARK: - Timers

    package mutating func timerFired(_ timer: PullTimer, isGone: (NodeID) -> Bool, into out: inout [PullDirective]) {
        switch timer {
        case .silence(let object, let request, let heard):
            guard let pull = pulls[object], case .asked(let source, request) = pull.stage else { return }
            guard pull.heard == heard else { return listen(object, into: &out) }
            out.append(.cancel(source, object, request: request))
            let why = "node \(source) has sent nothing for \(silenceNS / 1_000_000) ms"
            giveUp(object, why: why, isLost: isGone(source), into: &out)
        case .broken(let object, let request):
            guard let pull = pulls[object], case .broken(let source, request) = pull.stage else { return }
            requests[request] = nil
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

    private mutating func learn(_ nodes: [NodeID], of pull: inout PullEntry) {
        for other in nodes where other != node && !pull.known.contains(other) && !pull.lost.contains(other) {
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
        pulls[object]?.wasRefused = false
    }

    private mutating func askNext(_ object: ObjectID, into out: inout [PullDirective]) {
        guard var pull = pulls[object] else { return }
        guard let source = pull.untried.popLast() else {
            pulls[object] = pull
            return roundOver(object, into: &out)
        }
        let request = nextRequest
        nextRequest += 1
        requests[request] = object
        pull.stage = .asked(source, request: request)
        pull.heard = 0
        pull.isAccepted = false
        pulls[object] = pull
        counters.asked += 1
        out.append(.ask(source, object, request: request))
        listen(object, into: &out)
    }

    private func listen(_ object: ObjectID, into out: inout [PullDirective]) {
        guard let pull = pulls[object], case .asked(_, let request) = pull.stage else { return }
        out.append(.startTimer(.silence(object, request: request, heard: pull.heard), afterNS: silenceNS))
    }

    /// The source is left. What came from it stays: copies of an object are equal.
    private mutating func giveUp(_ object: ObjectID, why: String, isLost: Bool, into out: inout [PullDirective]) {
        guard let (source, request) = pulls[object]?.source else { return }
        requests[request] = nil
        pulls[object]?.breaks = 0
        pulls[object]?.why = why
        if isLost, pulls[object]?.lost.contains(source) == false { pulls[object]?.lost.append(source) }
        // Those that get it from here may be whom this node asks next: nodes must not wait for each other in a circle.
        out.append(.stalled(object))
        askNext(object, into: &out)
    }

    private mutating func roundOver(_ object: ObjectID, into out: inout [PullDirective]) {
        guard let pull = pulls[object] else { return }
        guard pull.wasRefused, pull.pauses < TransferLimits.pauses, pull.known.contains(where: { !pull.lost.contains($0) }) else {
            return fail(object, into: &out)
        }
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
        guard pull.known.contains(where: { !pull.lost.contains($0) }) else { return fail(object, into: &out) }
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
