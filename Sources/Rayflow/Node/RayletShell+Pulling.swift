import ObjectStore
import Raylet
import RayflowCore
import Transport

/// Room for an object that comes from another node.
struct Arrival {
    /// While it has not been granted.
    var ticket: UInt64?
    var place: ObjectPlace?
    var assembler: ChunkAssembler?
    /// Chunks that a thread unpacks now, each with what has come for the same place meanwhile.
    var inHand: [UInt32: [(chunk: ObjectChunk, from: Address)]] = [:]
}

/// Room of a transfer that was given up, in which a thread may still write.
struct ClosingRoom {
    var place: ObjectPlace
    /// The object is wanted again: room is made for it when this one is free.
    var next: (size: Int, owner: Address)?
}

/// Transfers: the side that wants an object.
extension RayletShell {
    /// How long another node may be silent in the middle of a transfer. The test kit lets it be less: `TestCluster(silence:)`.
    package var pullSilenceNS: UInt64 {
        get { pulls.silenceNS }
        set { pulls.silenceNS = newValue }
    }

    func pull(_ body: (inout PullQueue, inout [PullDirective]) -> Void) {
        body(&pulls, &pullOutbox)
        guard !isPulling else { return }
        isPulling = true
        while !pullOutbox.isEmpty {
            let directives = pullOutbox
            pullOutbox = []
            for directive in directives { carryOut(directive) }
        }
        isPulling = false
    }

    private func carryOut(_ directive: PullDirective) {
        switch directive {
        case .makeRoom(let object, let size, let owner): makeRoom(object, size: size, owner: owner)
        case .dropRoom(let object): dropRoom(object)
        case .putBack(let objects): putBack(objects)
        case .ask(let source, let object, let request):
            let missing = arrivals[object]?.assembler?.missing(limit: TransferLimits.missingStretches) ?? []
            send(.pullObject(PullObject(request: request, object: object, missing: missing)), to: .raylet(of: source))
        case .cancel(let source, let object, let request):
            send(.cancelPull(CancelPull(request: request, object: object)), to: .raylet(of: source))
        case .stalled(let object):
            if pushes.hasSource(object) { push { $0.withdraw(object, .stalled, into: &$1) } }
        case .failed(let object, let error, let lost): failed(object, error, lost)
        case .startTimer(let timer, let delay):
            loop.scheduleTimer(afterNanoseconds: delay) { [weak self] in
                guard let self else { return }
                pull { $0.timerFired(timer, isGone: { self.scheduler.isGone($0) }, into: &$1) }
            }
        }
    }

    // MARK: Room

    private func makeRoom(_ object: ObjectID, size: Int, owner: Address) {
        guard closing[object] == nil else {
            closing[object]?.next = (size, owner)
            return
        }
        run { directives in
            do {
                let result = try store.create(object, size: size, client: Self.ownClient, copyOf: owner, into: &directives)
                guard case .pending(let ticket) = result else { return room(object, result) }
                arrivals[object] = Arrival(ticket: ticket)
                roomTickets[ticket] = object
            } catch {
                let record = ErrorRecord(.objectStoreFull, "no room here for object \(object) of \(size) bytes: \(error)")
                pull { $0.roomRefused(object, record, into: &$1) }
            }
        }
    }

    /// The answer to a request for room.
    func room(_ object: ObjectID, _ result: CreateResult) {
        arrivals[object] = nil
        switch result {
        case .granted(let place): begin(object, at: place)
        case .exists(isSealed: true): arrived(object, isCopy: false)
        case .exists(isSealed: false): pull { $0.isBeingWritten(object, into: &$1) }
        case .full(let report):
            let error = ErrorRecord(report.code, "no room here for object \(object): \(report)")
            pull { $0.roomRefused(object, error, into: &$1) }
        case .pending: break
        }
    }

    private func begin(_ object: ObjectID, at place: ObjectPlace) {
        guard let window = try? store.arena.openWindow(place) else {
            run { try? store.abort(object, client: Self.ownClient, into: &$0) }
            let error = ErrorRecord(.objectStoreFull, "no room here for object \(object): the store cannot be mapped")
            return pull { $0.roomRefused(object, error, into: &$1) }
        }
        let assembler = ChunkAssembler(
            object,
            ChunkAssembler.Room(memory: window.memory) { [weak self, loop] in
                withExtendedLifetime(window) {}
                guard let self else { return }
                loop.execute { [self] in closed(object, place) }
            })
        arrivals[object] = Arrival(place: place, assembler: assembler)
        pull { $0.roomGranted(object, into: &$1) }
    }

    private func dropRoom(_ object: ObjectID) {
        closing[object]?.next = nil
        guard let arrival = arrivals.removeValue(forKey: object) else { return }
        if let ticket = arrival.ticket {
            roomTickets[ticket] = nil
            run { try? store.abort(object, client: Self.ownClient, into: &$0) }
        } else if let place = arrival.place, let assembler = arrival.assembler {
            // Free again only when no thread writes there any more.
            closing[object] = ClosingRoom(place: place)
            assembler.abort()
        }
    }

    /// Many at once: all that wait for room are looked at.
    private func putBack(_ objects: [ObjectID]) {
        let waiting = objects.filter { arrivals[$0]?.ticket != nil }
        for object in waiting {
            if let ticket = arrivals.removeValue(forKey: object)?.ticket { roomTickets[ticket] = nil }
        }
        store.withdraw(Set(waiting), client: Self.ownClient)
        // The others' rooms are not free yet, or were granted in this turn.
        for object in objects { dropRoom(object) }
    }

    /// No thread writes to the room of a transfer any more: it was given up, or is over.
    private func closed(_ object: ObjectID, _ place: ObjectPlace) {
        guard let room = closing[object], room.place == place else { return }
        closing[object] = nil
        run { try? store.abort(object, client: Self.ownClient, into: &$0) }
        if let next = room.next { makeRoom(object, size: next.size, owner: next.owner) }
    }

    // MARK: Chunks

    func accepted(_ m: PullAccepted, from: Address) {
        guard pulls.isWanted(m.object, request: m.request, from: from.nodeID) else { return isUnwanted(m.object, m.request, from) }
        pull { queue, _ in queue.accepted(m.object, request: m.request) }
    }

    func refused(_ m: PullFailed) {
        pull { $0.refused(m.object, request: m.request, m.refusal, others: m.others, why: m.reason, into: &$1) }
    }

    private func isUnwanted(_ object: ObjectID, _ request: UInt64, _ from: Address) {
        send(.cancelPull(CancelPull(request: request, object: object)), to: from)
    }

    func chunk(_ m: ObjectChunk, from: Address) {
        guard pulls.isWanted(m.object, request: m.request, from: from.nodeID), let assembler = arrivals[m.object]?.assembler else {
            return isUnwanted(m.object, m.request, from)
        }
        guard m.belongs(to: assembler.plan) else {
            let size = Int(clamping: m.totalSize)
            // Only a chunk that is as it was made says that the object has another size.
            do throws(ChunkFault) { try ChunkPlace(m.object, size: size).check(m.chunk, at: Int(m.index)) } catch {
                return pull { $0.chunkFaulty(m.object, request: m.request, why: "\(error)", into: &$1) }
            }
            return pull { $0.sizeIs(size, m.object, request: m.request, into: &$1) }
        }
        // Of this one nothing is known before the one in hand is in its place, or has turned out to be faulty.
        if arrivals[m.object]?.inHand[m.index]?.append((m, from)) != nil { return }
        arrivals[m.object]?.inHand[m.index] = []
        io.run { [self] in
            let result: Result<ChunkAssembler.Progress, ChunkFault>
            do throws(ChunkFault) { result = .success(try assembler.accept(m.chunk, at: Int(m.index))) } catch { result = .failure(error) }
            loop.execute { [self] in
                guard arrivals[m.object]?.assembler === assembler else { return }
                let others = arrivals[m.object]?.inHand.removeValue(forKey: m.index) ?? []
                taken(m, result, assembler, from: from)
                for other in others { chunk(other.chunk, from: other.from) }
            }
        }
    }

    private func taken(
        _ m: ObjectChunk, _ result: Result<ChunkAssembler.Progress, ChunkFault>, _ assembler: ChunkAssembler, from: Address
    ) {
        switch result {
        case .failure(let fault): return pull { $0.chunkFaulty(m.object, request: m.request, why: "\(fault)", into: &$1) }
        case .success(.duplicate): break
        case .success: push { $0.chunkCame(m.object, m.index, into: &$1) }
        }
        send(.chunkTaken(ChunkTaken(request: m.request, object: m.object, index: m.index)), to: from)
        pull { queue, _ in queue.chunkTaken(m.object, request: m.request) }
        guard assembler.isComplete, assembler.finish() else { return }
        let place = arrivals.removeValue(forKey: m.object)?.place
        // A copy of another node's object may go at any time but for this pin.
        run { _ = try? store.seal(m.object, client: Self.ownClient, keepsPin: true, into: &$0) }
        passOn(m.object, place)
        arrived(m.object, isCopy: true)
        run { try? store.unpin(m.object, client: Self.ownClient, into: &$0) }
    }

    // MARK: Endings

    /// The object is here, or was until a moment ago.
    /// - Parameter isCopy: it came from another node.
    func arrived(_ object: ObjectID, isCopy: Bool) {
        guard let owner = pulls.owner(of: object) else { return serveOpens(object) }
        if let ticket = arrivals.removeValue(forKey: object)?.ticket {
            roomTickets[ticket] = nil
            run { try? store.abort(object, client: Self.ownClient, into: &$0) }
        }
        pull { $0.arrived(object, into: &$1) }
        if let dependency = dependencies.removeValue(forKey: object) { begin(.dependency(dependency)) }
        if isCopy { send(.objectCopied(ObjectCopied(object: object, node: node)), to: owner) }
        serveOpens(object)
    }

    private func failed(_ object: ObjectID, _ error: ErrorRecord, _ lost: [NodeID]) {
        for (m, from) in pendingOpens.removeValue(forKey: object) ?? [] {
            opened(m.request, object, nil, error, lost: lost, to: from)
        }
        if dependencies.removeValue(forKey: object) != nil { dependencyFailed(object, error, lost: lost) }
    }

    func dependencyFailed(_ object: ObjectID, _ error: ErrorRecord, lost: [NodeID] = []) {
        guard error.code.isLackOfRoom else {
            return event { $0.dependencyFailed(object, error, lost: lost, now: self.loop.now, into: &$1) }
        }
        failing.insert(object)
        loop.scheduleTimer(afterNanoseconds: NodeLimits.noRoomNS) { [weak self] in
            // Else nobody needs it any more, or others do, for whom it is fetched again.
            guard let self, failing.remove(object) != nil else { return }
            event { $0.dependencyFailed(object, error, lost: lost, now: self.loop.now, into: &$1) }
        }
    }
}
