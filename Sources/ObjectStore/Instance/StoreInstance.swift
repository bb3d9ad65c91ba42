package import RayflowCore

/// The decisions of one node's object store: who gets which space, what may be read, when space is free again. No IO and no clock.
///
/// Life of an object: created (open, its creator writes), sealed (immutable, readable), deleted (as soon as no client pins it by message),
/// retired (its name and generation are gone, but a pin page may still show its slot), free. Each request is answered at once, but for a
/// creation that needs a slab first. Clients are process or worker numbers; a dead client leaves nothing behind.
package struct StoreInstance: Sendable {
    package let geometry: ArenaGeometry

    var allocator: ExtentAllocator
    var slots: SlotTable
    var objects: [ObjectID: StoredObject] = [:]
    var clients: [UInt64: StoreClient] = [:]
    /// Retired space by slot.
    var retired: [UInt32: StoredObject] = [:]
    var slabs: SlabStates
    var pending: [PendingCreate] = []
    var nextTicket: UInt64 = 1
    var sealedObjects = 0
    var requestedBytes = 0
    var retiredBytes = 0
    var createsSinceTick = 0

    package init(geometry: ArenaGeometry) {
        self.geometry = geometry
        allocator = ExtentAllocator(slabSize: geometry.slabSize, slabCount: geometry.slabCount)
        slots = SlotTable(count: geometry.slotCount)
        slabs = SlabStates(count: geometry.slabCount)
    }

    // MARK: - Writing

    /// Asks for `size` bytes for a new object. An object of this name that was deleted but is still there comes back to life:
    /// the name stands for one execution, so the content is the same.
    package mutating func create(_ id: ObjectID, size: Int, client: UInt64, into directives: inout [StoreDirective]) throws(StoreFault)
        -> CreateResult
    {
        guard size >= 0 else { throw .badSize(size) }
        createsSinceTick += 1
        let result = attempt(id, size: size, client: client, into: &directives)
        if case .granted = result { keepHeadroom(into: &directives) }
        guard case .pending = result else { return result }
        guard pending.count < StoreLimits.maximumPendingCreates else { return .full(report(.tooManyPending, size: size)) }
        let ticket = nextTicket
        nextTicket += 1
        pending.append(PendingCreate(ticket: ticket, id: id, size: size, client: client))
        return .pending(ticket: ticket)
    }

    /// The object is complete. From now on it can be pinned and read, and nobody writes to it.
    /// - Parameter size: when given, the object has only this many bytes of those granted; the rest is free again.
    package mutating func seal(
        _ id: ObjectID, size: Int? = nil, client: UInt64, into directives: inout [StoreDirective]
    ) throws(StoreFault) -> ObjectPlace {
        var object = try created(id, by: client)
        if let size {
            guard size >= 0, size <= Int(object.place.size) else { throw .badSize(size) }
            requestedBytes -= Int(object.place.size) - size
            trim(&object, to: size)
        }
        object.isSealed = true
        objects[id] = object
        sealedObjects += 1
        forgetUnsealed(id, client: client)
        directives.append(.writeIndex(IndexEntry(place: object.place, state: .sealed)))
        retireIfUnused(id, into: &directives)
        servePending(into: &directives)
        return object.place
    }

    /// The creator gives up, also while its request is still pending.
    package mutating func abort(_ id: ObjectID, client: UInt64, into directives: inout [StoreDirective]) throws(StoreFault) {
        let waited = pending.count
        pending.removeAll { $0.id == id && $0.client == client }
        if pending.count < waited, objects[id]?.creator != client { return }
        _ = try created(id, by: client)
        forgetUnsealed(id, client: client)
        retire(id, into: &directives)
    }

    // MARK: - Reading

    /// The place of a sealed object that is not deleted.
    package func lookup(_ id: ObjectID) -> ObjectPlace? {
        guard let object = objects[id], object.isSealed, !object.isDeleted else { return nil }
        return object.place
    }

    /// Keeps a sealed object where it is until the client unpins it as often, or dies.
    package mutating func pin(_ id: ObjectID, client: UInt64) throws(StoreFault) -> ObjectPlace {
        guard let object = objects[id], !object.isDeleted else { throw .noSuchObject(id) }
        guard object.isSealed else { throw .notSealed(id) }
        objects[id]?.pins += 1
        clients[client, default: StoreClient()].pins[id, default: 0] += 1
        return object.place
    }

    package mutating func unpin(_ id: ObjectID, client: UInt64, into directives: inout [StoreDirective]) throws(StoreFault) {
        guard let count = clients[client]?.pins[id] else { throw .notPinned(id, client: client) }
        clients[client]?.pins[id] = count > 1 ? count - 1 : nil
        forgetIfIdle(client)
        objects[id]?.pins -= 1
        retireIfUnused(id, into: &directives)
    }

    /// The owner needs this copy no more. The space comes back when the last pin is gone and its writer, if any, is done.
    /// - Returns: false when there is no such object (any more).
    @discardableResult
    package mutating func delete(_ id: ObjectID, into directives: inout [StoreDirective]) -> Bool {
        guard let object = objects[id], !object.isDeleted else { return false }
        objects[id]?.isDeleted = true
        if object.isSealed { retireIfUnused(id, into: &directives) }
        return true
    }

    /// Every process of the client is gone for good: its unsealed objects are aborted, its pins and its requests dropped.
    package mutating func clientDied(_ client: UInt64, into directives: inout [StoreDirective]) {
        pending.removeAll { $0.client == client }
        guard let gone = clients.removeValue(forKey: client) else { return }
        // In the order of the index, so that equal histories give equal directives.
        for id in inOrder(gone.unsealed) { retire(id, into: &directives) }
        for id in inOrder(gone.pins.keys) {
            objects[id]?.pins -= gone.pins[id] ?? 0
            retireIfUnused(id, into: &directives)
        }
    }

    // MARK: - Parts

    private func created(_ id: ObjectID, by client: UInt64) throws(StoreFault) -> StoredObject {
        guard let object = objects[id] else { throw .noSuchObject(id) }
        guard object.creator == client else { throw .notItsCreator(id, client: client) }
        guard !object.isSealed else { throw .alreadySealed(id) }
        return object
    }

    private func inOrder(_ ids: some Collection<ObjectID>) -> [ObjectID] {
        ids.sorted { (objects[$0]?.place.slot ?? 0) < (objects[$1]?.place.slot ?? 0) }
    }

    private mutating func forgetUnsealed(_ id: ObjectID, client: UInt64) {
        clients[client]?.unsealed.remove(id)
        forgetIfIdle(client)
    }

    private mutating func forgetIfIdle(_ client: UInt64) {
        if clients[client]?.isIdle == true { clients[client] = nil }
    }
}
