import ObjectStore
import Raylet
import RayflowCore
import Transport

/// Transfers: the side that wants an object.
extension RayletShell {
    struct Pull {
        var owner: Address
        var sources: [NodeID]
        /// Nil while the object is to come from a process of this node, and while a broken connection is given time.
        var source: Address?
        /// The connection to this source broke once.
        var doubted: NodeID?
        /// This node is among those that are said to have a copy.
        var isSaidToBeHere = false
        /// Nodes that have no copy after all, or are gone.
        var lost: [NodeID] = []
        var request: UInt64 = 0
        /// Room was asked for; `ticket` while it has not been granted.
        var hasAskedForRoom = false
        var ticket: UInt64?
        var assembler: ChunkAssembler?
        /// Chunks that came before there was room.
        var early: [(UInt32, [UInt8])] = []
        var chunksHeard: UInt64 = 0
        var isDependency: Bool
    }

    /// - Parameter lostHere: this node had a copy, and this is what became of it.
    func pull(_ object: ObjectID, from nodes: [NodeID], owner: Address, isDependency: Bool, lostHere: String? = nil) {
        if let known = pulls[object] {
            let further = nodes.filter {
                $0 != node && $0 != known.source?.nodeID && !known.sources.contains($0) && !known.lost.contains($0)
            }
            pulls[object]?.sources = further + known.sources
            if nodes.contains(node) { pulls[object]?.isSaidToBeHere = lostHere == nil }
            if lostHere != nil, !known.lost.contains(node) { pulls[object]?.lost.append(node) }
            if isDependency { pulls[object]?.isDependency = true }
            return
        }
        let sources = nodes.filter { $0 != node }
        pulls[object] = Pull(
            owner: owner, sources: sources, isSaidToBeHere: nodes.contains(node) && lostHere == nil,
            lost: lostHere == nil ? [] : [node], isDependency: isDependency)
        if let lostHere { return next(object, why: lostHere) }
        guard sources.isEmpty, nodes.contains(node) else { return next(object, why: "no node has a copy") }
        awaitSeal(object)
    }

    /// Written here by a process whose seal is still on its way (it may be overtaken by the news of the object), or lost.
    func awaitSeal(_ object: ObjectID) {
        loop.scheduleTimer(afterNanoseconds: NodeLimits.sealWaitNS) { [weak self] in
            guard let self, let pull = pulls[object], pull.source == nil, pull.doubted == nil else { return }
            next(object, why: "its copy on node \(node) is gone")
        }
    }

    /// The next source, or the end of the attempt. What came from the source before stays: copies of an object are equal.
    ///
    /// - Parameter isLost: the source has no copy, or is gone.
    func next(_ object: ObjectID, why: String, isLost: Bool = false) {
        guard var pull = pulls[object] else { return }
        pullRequests[pull.request] = nil
        if isLost, let source = pull.source { pull.lost.append(source.nodeID) }
        guard let source = pull.sources.popLast() else {
            if pull.isSaidToBeHere { pull.lost.append(node) }
            return end(
                object, pull, ErrorRecord(.objectLost, "object \(object) is lost: \(why)", reason: pull.lost.isEmpty ? .fetchTimedOut : nil)
            )
        }
        pull.source = .raylet(of: source)
        pull.doubted = nil
        pulls[object] = pull
        ask(object)
    }

    func ask(_ object: ObjectID) {
        guard let pull = pulls[object], let source = pull.source else { return }
        pulls[object]?.request = nextPull
        pullRequests[nextPull] = object
        nextPull += 1
        send(.pullObject(PullObject(request: nextPull - 1, object: object)), to: source)
        listen(object, request: nextPull - 1, heard: pull.chunksHeard)
    }

    /// No source is left, or nothing would help.
    func end(_ object: ObjectID, _ pull: Pull, _ error: ErrorRecord) {
        pulls[object] = nil
        pullRequests[pull.request] = nil
        pull.assembler?.abort()
        if let ticket = pull.ticket { abandonedRooms[ticket] = object }
        let lost = error.code == .objectLost ? pull.lost : []
        for (m, from) in pendingOpens.removeValue(forKey: object) ?? [] {
            opened(m.request, object, nil, error, lost: lost, to: from)
        }
        if pull.isDependency { event { $0.dependencyFailed(object, error, lost: lost, now: self.loop.now, into: &$1) } }
    }

    /// The connection to a source broke. A node that is alive is reached again: it is asked once more.
    func broken(_ object: ObjectID, _ source: NodeID) {
        guard let pull = pulls[object] else { return }
        pullRequests[pull.request] = nil
        if scheduler.isGone(source) || pull.doubted == source { return next(object, why: "node \(source) is gone", isLost: true) }
        pulls[object]?.doubted = source
        loop.scheduleTimer(afterNanoseconds: NodeLimits.brokenSourceNS) { [weak self] in
            guard let self, let now = pulls[object], now.doubted == source, pullRequests[now.request] == nil else { return }
            ask(object)
        }
    }

    /// A source that says nothing for too long is given up: a node that cannot be reached need not show as disconnected.
    func listen(_ object: ObjectID, request: UInt64, heard: UInt64) {
        loop.scheduleTimer(afterNanoseconds: pullSilenceNS) { [weak self] in
            guard let self, let pull = pulls[object], pull.request == request else { return }
            if pull.chunksHeard == heard, pull.ticket == nil {
                let node = pull.source?.nodeID ?? node
                let why = "node \(node) has sent nothing for \(pullSilenceNS / 1_000_000) ms"
                return next(object, why: why, isLost: scheduler.isGone(node))
            }
            listen(object, request: request, heard: pull.chunksHeard)
        }
    }

    func pullFailed(_ m: PullFailed) {
        guard pullRequests[m.request] == m.object else { return }
        next(m.object, why: m.reason, isLost: true)
    }

    func chunk(_ m: ObjectChunk, from: Address) {
        guard pullRequests[m.request] == m.object, var pull = pulls[m.object], pull.source == from else { return }
        pull.chunksHeard += 1
        if let assembler = pull.assembler {
            pulls[m.object] = pull
            return accept(m.chunk, at: m.index, assembler, m.object)
        }
        pull.early.append((m.index, m.chunk))
        let mustAsk = !pull.hasAskedForRoom
        pull.hasAskedForRoom = true
        pulls[m.object] = pull
        guard mustAsk else { return }
        run { directives in
            let size = Int(clamping: m.totalSize)
            guard
                let result = try? store.create(m.object, size: size, client: Self.ownClient, isSecondary: true, into: &directives)
            else {
                guard let pull = pulls[m.object] else { return }
                return end(m.object, pull, ErrorRecord(.objectStoreFull, "no room here for object \(m.object) of \(size) bytes"))
            }
            if case .pending(let ticket) = result { pulls[m.object]?.ticket = ticket } else { roomForPull(m.object, result) }
        }
    }

    func roomForPull(_ object: ObjectID, _ result: CreateResult) {
        guard let pull = pulls[object] else { return }
        func giveUp(_ why: String, _ code: RayflowError.Code = .objectStoreFull) {
            end(object, pulls[object] ?? pull, ErrorRecord(code, "no room here for object \(object): \(why)"))
        }
        switch result {
        case .granted(let place):
            guard let window = try? store.arena.openWindow(place) else {
                run { try? store.abort(object, client: Self.ownClient, into: &$0) }
                return giveUp("the store cannot be mapped")
            }
            let assembler = ChunkAssembler(
                ChunkAssembler.Room(memory: window.memory) { [weak self, loop] in
                    // Free again only when no thread writes there any more; what was sealed stays.
                    withExtendedLifetime(window) {}
                    guard let self else { return }
                    loop.execute { [self] in
                        guard !store.contains(object) else { return }
                        run { try? self.store.abort(object, client: Self.ownClient, into: &$0) }
                    }
                })
            pulls[object]?.assembler = assembler
            pulls[object]?.early = []
            for (index, bytes) in pull.early { accept(bytes, at: index, assembler, object) }
        case .exists(isSealed: true): pulled(object)
        case .exists(isSealed: false):
            // Written here by a process: its seal ends the wait.
            pullRequests[pull.request] = nil
            pulls[object]?.source = nil
            pulls[object]?.doubted = nil
            awaitSeal(object)
        case .full(let report): giveUp("\(report)", report.code)
        case .pending: break
        }
    }

    func accept(_ bytes: [UInt8], at index: UInt32, _ assembler: ChunkAssembler, _ object: ObjectID) {
        let request = pulls[object]?.request
        io.run { [self] in
            let failure: String?
            do {
                _ = try assembler.accept(bytes, at: Int(index))
                failure = nil
            } catch { failure = "\(error)" }
            loop.execute { [self] in
                guard let pull = pulls[object], pull.assembler === assembler else { return }
                if let failure {
                    if pull.request == request { next(object, why: failure, isLost: true) }
                    return
                }
                if assembler.isComplete, assembler.finish() {
                    // A copy of another node's object may go at any time but for this pin.
                    run { _ = try? store.seal(object, client: Self.ownClient, keepsPin: true, into: &$0) }
                    pulled(object)
                    run { try? store.unpin(object, client: Self.ownClient, into: &$0) }
                }
            }
        }
    }

    func pulled(_ object: ObjectID) {
        guard let pull = pulls.removeValue(forKey: object) else { return }
        pullRequests[pull.request] = nil
        if pull.isDependency { begin(.dependency(Dependency(id: object, owner: pull.owner, nodes: pull.sources, size: 0))) }
        if pull.source != nil { send(.objectCopied(ObjectCopied(object: object, node: node)), to: pull.owner) }
        serveOpens(object)
    }
}
