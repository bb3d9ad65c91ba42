import ObjectStore
import Raylet
import RayflowCore
import Transport

/// The bytes of an object that goes to other nodes.
final class PushSource: Sendable {
    nonisolated(unsafe) let bytes: UnsafeRawBufferPointer
    /// Nil while the object is still coming itself: then its room stays as long as its transfer.
    let pin: ObjectPin?

    init(_ bytes: UnsafeRawBufferPointer, _ pin: ObjectPin? = nil) {
        self.bytes = bytes
        self.pin = pin
    }
}

/// Transfers: the side that has the object, or a part of it.
extension RayletShell {
    func push(_ body: (inout PushQueue, inout [PushDirective]) -> Void) {
        body(&pushes, &pushOutbox)
        guard !isPushing else { return }
        isPushing = true
        while !pushOutbox.isEmpty {
            let directives = pushOutbox
            pushOutbox = []
            for directive in directives { carryOut(directive) }
        }
        isPushing = false
    }

    /// Bytes of chunks that are under way to others at the same time; 0: none are sent. For `TestCluster.setSending(_:of:)` of the test kit.
    package func limitPushes(to bytes: Int) { push { $0.setLimit(bytes, into: &$1) } }

    private func carryOut(_ directive: PushDirective) {
        switch directive {
        case .accept(let to, let object, let request):
            send(.pullAccepted(PullAccepted(request: request, object: object)), to: .raylet(of: to))
        case .refuse(let to, let object, let request, let refusal, let others):
            refuse(PullObject(request: request, object: object), refusal, others: others, to: .raylet(of: to))
        case .send(let to, let object, let request, let index): pack(object, index, request: request, to: to)
        case .release(let object): pushSources[object] = nil
        }
    }

    func refuse(_ m: PullObject, _ refusal: PullRefusal, others: [NodeID] = [], why: String? = nil, to: Address) {
        let reason =
            switch refusal {
            case .absent: "node \(node) has no copy"
            case .busy: "node \(node) sends as many copies as it may"
            case .noRoom: "node \(node) has no room to bring its copy back"
            case .stalled: "node \(node) does not get it any more"
            }
        let message = PullFailed(request: m.request, object: m.object, refusal: refusal, others: others, reason: why ?? reason)
        send(.pullFailed(message), to: to)
    }

    /// Another node wants an object.
    func asked(_ m: PullObject, from: Address) {
        guard let arrival = arrivals[m.object] else {
            if pushes.hasSource(m.object) { return accept(m, from: from) }
            // Those that ask again and again, or for very much, must not pile up.
            if store.awaitsRoom(m.object) { return refuse(m, .noRoom, to: from) }
            guard !pushes.isFull, openings.count < TransferLimits.pushes else { return refuse(m, .busy, to: from) }
            return begin(.push(m, from))
        }
        // It is coming here itself: what has come can be passed on.
        guard pulls.isComing(m.object, for: from.nodeID), let place = arrival.place, let assembler = arrival.assembler,
            let bytes = try? store.arena.view(place)
        else { return refuse(m, .stalled, why: "node \(node) waits for it itself", to: from) }
        if !pushes.hasSource(m.object) {
            pushSources[m.object] = PushSource(bytes)
            pushes.offer(m.object, size: bytes.count, there: assembler.there)
        }
        accept(m, from: from)
    }

    private func accept(_ m: PullObject, from: Address) {
        push { $0.request(m.object, request: m.request, from: from.nodeID, missing: m.missing, into: &$1) }
    }

    /// A node whose object comes back from a colder tier hears so, again and again: that may take long. While there is no room for it, which
    /// may turn out later, it is to ask again.
    func answer(_ opening: Opening, _ ticket: UInt64) {
        guard case .push(let m, let to) = opening else { return }
        guard store.awaitsRoom(m.object) else {
            return send(.pullAccepted(PullAccepted(request: m.request, object: m.object)), to: to)
        }
        openings[ticket] = .keep(m.object)
        refuse(m, .noRoom, to: to)
    }

    /// The object is pinned at `place` for a node that wants it.
    func push(_ m: PullObject, _ place: ObjectPlace, to: Address) {
        guard offer(m.object, place) else { return refuse(m, .absent, why: "node \(node) cannot read its copy", to: to) }
        accept(m, from: to)
    }

    /// - Parameter place: where the object is pinned for others.
    func offer(_ object: ObjectID, _ place: ObjectPlace) -> Bool {
        guard let pin = pushPin(object, place) else { return false }
        if !pushes.hasSource(object) {
            pushSources[object] = PushSource(pin.bytes, pin)
            pushes.offer(object, size: pin.count)
        }
        return true
    }

    /// A view that undoes the pin when nobody reads it any more.
    private func pushPin(_ object: ObjectID, _ place: ObjectPlace) -> ObjectPin? {
        try? ObjectPin(place, in: store.arena) { [weak self, loop] in
            loop.execute { [weak self] in
                guard let self else { return }
                self.run { try? self.store.unpin(object, client: RayletShell.pushClient, into: &$0) }
            }
        }
    }

    /// An object that was passed on while it came is here: it must stay while others get it.
    func passOn(_ object: ObjectID, _ place: ObjectPlace?) {
        guard pushes.hasSource(object) else { return }
        guard let place, (try? store.pin(object, client: Self.pushClient)) != nil, let pin = pushPin(object, place) else {
            return push { $0.withdraw(object, .absent, into: &$1) }
        }
        pushSources[object] = PushSource(pin.bytes, pin)
        push { $0.isComplete(object, into: &$1) }
    }

    private func pack(_ object: ObjectID, _ index: UInt32, request: UInt64, to: NodeID) {
        guard let source = pushSources[object] else { return }
        io.run { [self] in
            let reader = ChunkReader(object, source.bytes)
            let message = ObjectChunk(
                request: request, object: object, index: index, totalSize: UInt64(reader.plan.totalSize),
                chunk: reader.chunk(at: Int(index)).encoded)
            loop.execute { [self] in
                withExtendedLifetime(source) {}
                // Given up meanwhile: the bytes may be others' already.
                guard pushes.isOpen(object, to: to, request: request) else { return }
                send(.objectChunk(message), to: .raylet(of: to))
            }
        }
    }
}
