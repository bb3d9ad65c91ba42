package import ObjectStore
package import RayflowCore
import Transport

/// This process's view of the node's object store: makes room, reads without copying, keeps what it reads pinned.
package final class ObjectClient: @unchecked Sendable {
    package let arena: Arena
    private let page: PinPage?
    private let raylet: Address
    private let node: NodeID
    private let lock = Lock()
    private struct Weak { weak var pin: ObjectPin? }
    private var pins: [ObjectID: Weak] = [:]
    /// With more entries, those of values that are gone are taken out: a look at each for as many that are added.
    private var mostPins = fewPins
    private static let fewPins = 1_024

    private static let shutDown = RayflowError(.shutDown, "the cluster has been shut down")

    /// - Parameter page: of this process; nil: everything is pinned by message.
    package init(arena: Arena, node: NodeID, page: PinPage?) {
        self.arena = arena
        self.page = page
        self.node = node
        raylet = .raylet(of: node)
    }

    // MARK: Writing

    /// Room for an object; nil when the object is here already. Blocks the calling thread (never the loop) for as long as the raylet needs to
    /// find it.
    package func create(_ id: ObjectID, byteCount: Int, through core: CoreWorker) throws(RayflowError) -> StoreRoom? {
        precondition(!core.loop.isInLoop, "room for \(id) asked for on the loop")
        let answer = OneShot<Result<ObjectPlace?, RayflowError>>()
        core.request(to: raylet, { .createObject(CreateObject(request: $0, object: id, size: UInt64(byteCount))) }) { message in
            guard case .createReply(let reply)? = message else { return answer.give(.failure(Self.shutDown)) }
            if let error = reply.error { answer.give(.failure(RayflowError(error))) } else { answer.give(.success(reply.place)) }
        }
        guard let place = try answer.take().get() else { return nil }
        do {
            return StoreRoom(id: id, window: try arena.openWindow(place), raylet: raylet, core: core)
        } catch {
            core.post(.abortObject(AbortObject(object: id)), to: raylet)
            throw RayflowError(.system, "cannot map \(byteCount) bytes of the object store: \(error)")
        }
    }

    // MARK: Reading

    /// The object if this process has it open already, or can open it without a message: it lies in the hot tier of this node.
    package func opened(_ id: ObjectID) -> MappedObject? {
        if let pin = lock.withLock({ pins[id]?.pin }) { return try? MappedObject(object: pin.bytes, owner: pin) }
        guard let page, let place = page.pin(id) else { return nil }
        guard let pin = try? ObjectPin(place, in: arena, release: { page.unpin(place) }) else {
            page.unpin(place)
            return nil
        }
        guard let mapped = try? MappedObject(object: pin.bytes, owner: pin) else { return nil }
        keep(pin, of: id)
        return mapped
    }

    private func keep(_ pin: ObjectPin, of id: ObjectID) {
        lock.withLock {
            pins[id] = Weak(pin: pin)
            guard pins.count > mostPins else { return }
            pins = pins.filter { $0.value.pin != nil }
            mostPins = max(2 * pins.count, Self.fewPins)
        }
    }

    /// Opens an object, pulled from another node when it is not here. `body` runs on the loop, or at once.
    /// - Returns: the number of the request, for ``giveUp(_:_:through:)``; 0 when it is done already.
    @discardableResult
    package func open(
        _ id: ObjectID, owner: Address, nodes: [NodeID], size: UInt64, kind: PullKind = .get, through core: CoreWorker,
        _ body: @escaping @Sendable (Result<MappedObject, ReadFault>) -> Void
    ) -> UInt64 {
        if let mapped = opened(id) {
            body(.success(mapped))
            return 0
        }
        let raylet = raylet
        return core.request(
            to: raylet,
            {
                .openObject(OpenObject(request: $0, object: id, owner: owner, nodes: nodes, size: size, kind: kind))
            }
        ) { [self] message in
            guard case .openReply(let reply)? = message else { return body(.failure(ReadFault(ErrorRecord(Self.shutDown)))) }
            guard let place = reply.place else {
                let error = reply.error ?? ErrorRecord(.objectLost, "object \(id) has no copy left")
                return body(.failure(ReadFault(error, lost: reply.lost)))
            }
            do {
                let pin = try ObjectPin(place, in: arena) { [weak core] in
                    core?.post(.closeObject(CloseObject(object: id)), to: raylet)
                }
                let mapped = try MappedObject(object: pin.bytes, owner: pin)
                keep(pin, of: id)
                body(.success(mapped))
            } catch {
                body(.failure(ReadFault(ErrorRecord(.corrupt, "object \(id): \(error)"))))
            }
        }
    }

    /// Nobody waits for the answer any more, so that nothing need come from another node. There is an answer all the same.
    func giveUp(_ request: UInt64, _ id: ObjectID, through core: CoreWorker) {
        if request != 0 { core.post(.cancelOpen(CancelOpen(request: request, object: id)), to: raylet) }
    }

    package func read(
        _ id: ObjectID, owner: Address, nodes: [NodeID], size: UInt64, through core: CoreWorker
    ) async -> Result<MappedObject, ReadFault> {
        await withCheckedContinuation { continuation in
            open(id, owner: owner, nodes: nodes, size: size, through: core) { continuation.resume(returning: $0) }
        }
    }
}

/// Why an object could not be read.
package struct ReadFault: Error {
    package var error: ErrorRecord
    /// Nodes that have no copy after all, or are gone: their owner is to know.
    package var lost: [NodeID]
    package init(_ error: ErrorRecord, lost: [NodeID] = []) {
        self.error = error
        self.lost = lost
    }
}

/// Room that was granted and is being written.
package final class StoreRoom: @unchecked Sendable {
    package let id: ObjectID
    private var window: WriteWindow?
    package let memory: UnsafeMutableRawBufferPointer
    private let raylet: Address
    private let core: CoreWorker

    init(id: ObjectID, window: WriteWindow, raylet: Address, core: CoreWorker) {
        self.id = id
        self.window = window
        self.memory = window.memory
        self.raylet = raylet
        self.core = core
    }

    /// The object is complete: its pages become read-only here, and the raylet shows it to others.
    /// - Parameter byteCount: what it has, when that is less than what was granted.
    package func seal(byteCount: Int? = nil) {
        window = nil
        core.post(.sealObject(SealObject(object: id, size: UInt64(byteCount ?? memory.count))), to: raylet)
    }

    package func abandon() {
        guard window != nil else { return }
        window = nil
        core.post(.abortObject(AbortObject(object: id)), to: raylet)
    }
}

/// Room in the store behind the typed `put`.
final class StoreBuffer: PutBuffer {
    private let room: StoreRoom
    private let onSeal: (Int) -> ObjectID
    init(room: StoreRoom, onSeal: @escaping (Int) -> ObjectID) {
        self.room = room
        self.onSeal = onSeal
    }
    var memory: UnsafeMutableRawBufferPointer { room.memory }
    func seal(byteCount: Int) throws(RayflowError) -> ObjectID {
        room.seal(byteCount: byteCount)
        return onSeal(byteCount)
    }
    func abandon() { room.abandon() }
}
