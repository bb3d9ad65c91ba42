import ObjectStore
import Raylet
import RayflowCore
import Transport

/// Who wants to read an object that may lie in a colder tier.
enum Opening {
    case read(OpenObject, Address)
    /// Of a lease: pinned by the raylet itself.
    case dependency(Dependency)
    case push(PullObject, Address)
    /// For a node that was told to ask again.
    case keep(ObjectID)
    /// Nobody wants it any more.
    case cancelled(ObjectID)

    var object: ObjectID {
        switch self {
        case .read(let m, _): m.object
        case .dependency(let dependency): dependency.id
        case .push(let m, _): m.object
        case .keep(let object), .cancelled(let object): object
        }
    }
    /// Whose pin it gets.
    var client: UInt64 {
        switch self {
        case .read(_, let from): from.entity
        case .push, .keep: RayletShell.pushClient
        case .dependency, .cancelled: RayletShell.ownClient
        }
    }
}

/// The node's object store: its directives, and the requests of processes.
extension RayletShell {
    /// The raylet's own pins: dependencies of leases, objects on their way here, and what workers inside this process read.
    package static let ownClient = StoreInstance.nodeClient
    /// Its pins on objects on their way to other nodes.
    static let pushClient = StoreInstance.sendingClient

    func run(_ body: (inout [StoreDirective]) -> Void) {
        var directives: [StoreDirective] = []
        body(&directives)
        for directive in directives { carryOut(directive) }
    }

    func carryOut(_ directive: StoreDirective) {
        switch directive {
        case .populateSlab(let slab):
            io.run { [self, arena = store.arena] in
                let failure: ArenaError?
                do throws(ArenaError) {
                    try arena.populate(slab: slab)
                    failure = nil
                } catch { failure = error }
                loop.execute { [self] in
                    run { directives in
                        if let failure {
                            store.slabFailed(slab, failure, into: &directives)
                        } else {
                            store.slabReady(slab, into: &directives)
                        }
                    }
                }
            }
        case .releaseSlab(let slab):
            io.run { [self, arena = store.arena] in
                try? arena.release(slab: slab)
                loop.execute { [self] in run { store.slabReleased(slab, into: &$0) } }
            }
        case .wake(let ticket, let result):
            if let waiting = pendingCreates.removeValue(forKey: ticket) {
                created(result, request: waiting.request, object: waiting.object, from: waiting.from)
            } else if let object = roomTickets.removeValue(forKey: ticket) {
                room(object, result)
            }
        case .move(let move):
            tierIO.run { [self] in
                let result: Result<TierMoveResult, TierFault>
                do throws(TierFault) { result = .success(try mover.run(move)) } catch { result = .failure(error) }
                loop.execute { [self] in run { store.moved(move.number, result, into: &$0) } }
            }
        case .freeSpill(let extent, let region):
            tierIO.run { [self] in
                spillFolder?.free(region)
                loop.execute { [self] in run { store.spillFreed(extent, into: &$0) } }
            }
        case .deleteSpillFile(let file):
            tierIO.run { [self] in
                spillFolder?.delete(file: file)
                loop.execute { [self] in run { store.spillFileDeleted(file, into: &$0) } }
            }
        case .opened(let ticket, let result):
            guard let opening = openings.removeValue(forKey: ticket) else { break }
            finish(opening, result)
        case .dropped(let object, let owner): send(.copyDropped(CopyDropped(object: object, node: node)), to: owner)
        case .writeIndex, .checkPins, .lookAtPins: break  // done inside the store
        }
    }

    func tickStore() {
        loop.scheduleTimer(afterNanoseconds: 1_000_000_000) { [weak self] in
            guard let self else { return }
            run { self.store.tick(into: &$0) }
            for (ticket, opening) in openings { answer(opening, ticket) }
            push { $0.tick(into: &$1) }
            tickStore()
        }
    }

    func create(_ m: CreateObject, from: Address) {
        run { directives in
            do {
                let result = try store.create(m.object, size: Int(clamping: m.size), client: from.entity, into: &directives)
                if case .pending(let ticket) = result {
                    pendingCreates[ticket] = (m.request, m.object, from)
                } else {
                    created(result, request: m.request, object: m.object, from: from)
                }
            } catch {
                reply(m.request, m.object, nil, RayflowError(.objectStoreFull, "\(error)"), to: from)
            }
        }
    }

    func created(_ result: CreateResult, request: UInt64, object: ObjectID, from: Address) {
        switch result {
        case .granted(let place): reply(request, object, place, nil, to: from)
        case .exists(isSealed: true): reply(request, object, nil, nil, to: from)
        case .exists(isSealed: false):
            // Its room is somebody else's.
            reply(request, object, nil, RayflowError(.objectStoreFull, "object \(object) is being written by another process"), to: from)
        case .full(let report): reply(request, object, nil, RayflowError(report.code, "\(report)"), to: from)
        case .pending: break
        }
    }

    func reply(_ request: UInt64, _ object: ObjectID, _ place: ObjectPlace?, _ error: RayflowError?, to: Address) {
        send(.createReply(CreateReply(request: request, object: object, place: place, error: error.map { ErrorRecord($0) })), to: to)
    }

    func seal(_ m: SealObject, client: Address) {
        run { _ = try? store.seal(m.object, size: Int(clamping: m.size), client: client.entity, into: &$0) }
        // Else its room was taken back: its process counts as gone.
        if store.contains(m.object) { arrived(m.object, isCopy: false) }
    }

    /// A client of the store is gone for good, and its requests with it.
    func clientDied(_ client: UInt64) {
        pendingCreates = pendingCreates.filter { $0.value.from.entity != client }
        openings = openings.filter { $0.value.client != client }
        for object in pendingOpens.filter({ $0.value.contains { $0.from.entity == client } }).keys.sorted() {
            keepOpens(of: object) { $0.from.entity != client }
        }
        run { store.clientDied(client, into: &$0) }
    }

    // MARK: Reading

    func open(_ m: OpenObject, from: Address) { begin(.read(m, from)) }

    /// What is on its way from a colder tier comes all the same: its reader lets go of it then.
    func cancelOpen(_ m: CancelOpen, from: Address) {
        guard pendingOpens[m.object]?.contains(where: { $0.from == from && $0.message.request == m.request }) == true else { return }
        keepOpens(of: m.object) { $0.from != from || $0.message.request != m.request }
        opened(m.request, m.object, nil, ErrorRecord(.cancelled, "the read of object \(m.object) was cancelled"), to: from)
    }

    /// Who waits for an object of another node goes on waiting, or not; what nobody wants any more does not come.
    private func keepOpens(of object: ObjectID, _ isKept: ((message: OpenObject, from: Address)) -> Bool) {
        let left = pendingOpens[object]?.filter(isKept) ?? []
        pendingOpens[object] = left.isEmpty ? nil : left
        for kind in [PullKind.wait, .get] where !left.contains(where: { $0.message.kind == kind }) {
            pull { $0.forget(object, kind, into: &$1) }
        }
    }

    /// Pins an object where it can be read, brought back or pulled from another node when needed.
    func begin(_ opening: Opening) {
        run { directives in
            let result: OpenResult
            do throws(StoreFault) { result = try store.open(opening.object, client: opening.client, into: &directives) } catch {
                // News of an object may come before its seal, and a room that was given up is not free at once: that is no lost copy.
                if case .notSealed = error, case .push(let m, let to) = opening {
                    return refuse(m, .busy, why: "node \(node) has not finished its copy", to: to)
                }
                return absent(opening)
            }
            guard case .pending(let ticket) = result else { return finish(opening, result) }
            openings[ticket] = opening
            answer(opening, ticket)
        }
    }

    func finish(_ opening: Opening, _ result: OpenResult) {
        switch (opening, result) {
        case (.read(let m, let from), .pinned(let place)): opened(m.request, m.object, place, nil, to: from)
        case (.read(let m, let from), .full(let report)):
            opened(m.request, m.object, nil, ErrorRecord(report.code, "object \(m.object) cannot be brought back: \(report)"), to: from)
        case (.dependency(let dependency), .pinned):
            loop.execute { [weak self] in
                guard let self else { return }
                event { $0.dependencyLocal(dependency.id, now: self.loop.now, into: &$1) }
            }
        case (.dependency(let dependency), .full(let report)):
            let error = ErrorRecord(report.code, "object \(dependency.id) cannot be brought back: \(report)")
            dependencyFailed(dependency.id, error)
        case (.push(let m, let to), .pinned(let place)): push(m, place, to: to)
        case (.push(let m, let to), .full): refuse(m, .noRoom, to: to)
        case (.keep(let object), .pinned(let place)): _ = offer(object, place)
        case (.cancelled(let object), .pinned): run { try? store.unpin(object, client: Self.ownClient, into: &$0) }
        case (.keep, _), (.cancelled, _), (_, .pending): break
        case (_, .lost(let why)): absent(opening, "its copy on node \(node) was lost: \(why)")
        }
    }

    /// - Parameter why: what became of the copy that was here.
    private func absent(_ opening: Opening, _ why: String? = nil) {
        switch opening {
        case .read(let m, let from):
            pendingOpens[m.object, default: []].append((m, from))
            pull {
                $0.want(
                    m.object, m.kind, from: m.nodes, owner: m.owner, size: Int(clamping: m.size), lostHere: why,
                    isGone: { self.scheduler.isGone($0) }, into: &$1)
            }
        case .dependency(let m):
            dependencies[m.id] = m
            pull {
                $0.want(
                    m.id, .argument, from: m.nodes, owner: m.owner, size: Int(clamping: m.size), lostHere: why,
                    isGone: { self.scheduler.isGone($0) }, into: &$1)
            }
        case .push(let m, let to): refuse(m, .absent, why: why, to: to)
        case .keep, .cancelled: break
        }
    }

    func cancelDependency(_ object: ObjectID) {
        // On its way it is not pinned yet.
        if failing.remove(object) != nil { return }
        if dependencies.removeValue(forKey: object) != nil {
            pull { $0.forget(object, .argument, into: &$1) }
        } else if let ticket = openings.first(where: { if case .dependency(let it) = $0.value { it.id == object } else { false } })?.key {
            openings[ticket] = .cancelled(object)
        } else {
            run { try? store.unpin(object, client: Self.ownClient, into: &$0) }
        }
    }

    func opened(_ request: UInt64, _ object: ObjectID, _ place: ObjectPlace?, _ error: ErrorRecord?, lost: [NodeID] = [], to: Address) {
        send(.openReply(OpenReply(request: request, object: object, place: place, error: error, lost: lost)), to: to)
    }

    /// The object has just come.
    func serveOpens(_ object: ObjectID) {
        for (m, from) in pendingOpens.removeValue(forKey: object) ?? [] {
            guard store.contains(object) else {
                opened(m.request, object, nil, ErrorRecord(.objectLost, "object \(object) was not sealed"), lost: [node], to: from)
                continue
            }
            begin(.read(m, from))
        }
    }
}

extension StoreFullReport {
    var code: RayflowError.Code { if case .diskFull = reason { .outOfDisk } else { .objectStoreFull } }
}
