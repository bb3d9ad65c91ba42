package import RayflowCore

/// The decisions of one node's object store: who gets which space, what may be read, what moves to which tier, when space is free again.
/// No IO and no clock.
///
/// Life of an object: created (open, its creator writes), sealed (immutable, readable), deleted (as soon as no client pins it by message),
/// retired (its name and generation are gone, but a pin page may still show its slot), free. A sealed object that nobody pins may lose its
/// place in the arena and live on packed, in a colder tier; whoever opens it brings it back. Each request is answered at once, but for those
/// that need room or a colder tier first. Clients are process or worker numbers; a dead client leaves nothing behind.
package struct StoreInstance: Sendable {
    /// The client that is the node itself: it makes copies of other nodes' objects, and pins what leases need.
    package static let nodeClient: UInt64 = 0
    /// The node again, as a reader of what it sends to other nodes.
    package static let sendingClient = UInt64.max

    package let geometry: ArenaGeometry
    package let rules: TierRules

    var allocator: ExtentAllocator
    var slots: SlotTable
    var objects: [ObjectID: StoredObject] = [:]
    var clients: [UInt64: StoreClient] = [:]
    /// Extents of retired space by slot.
    var retired: [UInt32: Int] = [:]
    /// Which object lies under a slot, and who pinned slots by page when that was last looked at.
    var named: [UInt32: ObjectID] = [:]
    var holders: [UInt32: [UInt64]] = [:]
    var slabs: SlabStates
    var pending: [PendingRoom] = []
    var nextTicket: UInt64 = 1
    var ticks = 0
    var sealedObjects = 0
    var requestedBytes = 0
    var retiredBytes = 0
    var createsSinceTick = 0
    /// The least that was free at any time between two ticks, in granules, of the last few such times.
    var leastFree: [Int] = []
    /// Why the machine gave no slab, and the tick of that: it is not asked again before the next.
    var slabRefusal: (why: String, tick: Int)?

    // Tiers: see StoreInstance+Tiers.
    var spill: SpillSpace
    var moves: [UInt64: MoveUnderWay] = [:]
    var nextMove: UInt64 = 1
    var nextStamp: UInt64 = 1
    /// Hot objects that can go without any IO: copies of other nodes' objects, and what is in the spill folder as well.
    var droppable = UseOrder()
    /// Other hot objects that nobody reads.
    var hotIdle = UseOrder()
    var warmIdle = UseOrder()
    /// Objects that could not move at the last try; put back at the next tick.
    var parked: [ObjectID] = []
    var tally = TierTally()
    /// Why the spill folder took nothing, and since which tick.
    var spillRefusal: (fault: TierFault, tick: Int)?
    /// Nothing could be moved at the last try, and nothing has changed since.
    var isExhausted = false

    package init(geometry: ArenaGeometry, rules: TierRules = .off) {
        self.geometry = geometry
        self.rules = rules
        allocator = ExtentAllocator(slabSize: geometry.slabSize, slabCount: geometry.slabCount)
        slots = SlotTable(count: geometry.slotCount)
        slabs = SlabStates(count: geometry.slabCount)
        spill = SpillSpace(bytes: rules.spillBytes, fileSize: rules.spillFileSize)
    }

    // MARK: - Writing

    /// Asks for `size` bytes for a new object. An object of this name that was deleted but is still there comes back to life:
    /// the name stands for one execution, so the content is the same.
    /// - Parameter owner: of an object of which this is a copy from another node; such a copy is dropped when room is needed. Nil: the first one.
    package mutating func create(
        _ id: ObjectID, size: Int, client: UInt64, copyOf owner: Address? = nil, into directives: inout [StoreDirective]
    ) throws(StoreFault) -> CreateResult {
        guard size >= 0 else { throw .badSize(size) }
        createsSinceTick += 1
        if let object = objects[id] {
            objects[id]?.isDeleted = false
            if object.isDeleted { becameIdle(id) }
            return .exists(isSealed: object.isSealed)
        }
        switch room(for: size, into: &directives) {
        case .found(let extent):
            let place = open(id, size: size, client: client, extent: extent, copyOf: owner, into: &directives)
            keepHeadroom(into: &directives)
            relieve(into: &directives)
            return .granted(place)
        case .never(let reason): return .full(report(reason, size: size))
        case .later:
            guard pending.count < StoreLimits.maximumPendingCreates else { return .full(report(.tooManyPending, size: size)) }
            let ticket = takeTicket()
            pending.append(
                PendingRoom(ticket: ticket, id: id, size: size, purpose: .create(client: client, copyOf: owner), since: ticks))
            relieve(into: &directives)
            return .pending(ticket: ticket)
        }
    }

    /// The object is complete. From now on it can be pinned and read, and nobody writes to it.
    /// - Parameters:
    ///   - size: when given, the object has only this many bytes of those granted; the rest is free again.
    ///   - keepsPin: the client pins it at once, before it can be dropped.
    package mutating func seal(
        _ id: ObjectID, size: Int? = nil, client: UInt64, keepsPin: Bool = false, into directives: inout [StoreDirective]
    ) throws(StoreFault) -> ObjectPlace {
        var object = try created(id, by: client)
        guard var hot = object.hot else { throw .noSuchObject(id) }
        if let size {
            guard size >= 0, size <= object.size else { throw .badSize(size) }
            requestedBytes -= object.size - size
            trim(&hot, to: size)
            object.size = size
        }
        object.hot = hot
        object.isSealed = true
        objects[id] = object
        sealedObjects += 1
        forgetUnsealed(id, client: client)
        directives.append(.writeIndex(IndexEntry(object: id, place: hot.place, state: .sealed)))
        if keepsPin, !object.isDeleted { addPin(id, client: client) }
        becameIdle(id)
        retireIfUnused(id, into: &directives)
        servePending(into: &directives)
        return hot.place
    }

    /// The creator gives up, also while its request is still pending.
    package mutating func abort(_ id: ObjectID, client: UInt64, into directives: inout [StoreDirective]) throws(StoreFault) {
        let waited = pending.count
        pending.removeAll { $0.id == id && $0.creator == client }
        if pending.count < waited, objects[id]?.creator != client { return }
        _ = try created(id, by: client)
        forgetUnsealed(id, client: client)
        discard(id, into: &directives)
    }

    /// Nobody waits any more for room for these, as their creator.
    package mutating func withdraw(_ ids: Set<ObjectID>, client: UInt64) {
        pending.removeAll { $0.creator == client && ids.contains($0.id) }
    }

    // MARK: - Reading

    /// The place of a sealed object that is not deleted, when it can be read where it is.
    package func lookup(_ id: ObjectID) -> ObjectPlace? {
        guard let object = objects[id], object.isReadable, !object.isDeleted else { return nil }
        return object.hot?.place
    }

    /// Whether there is a sealed object of this name, in any tier.
    package func contains(_ id: ObjectID) -> Bool { objects[id].map { $0.isSealed && !$0.isDeleted } ?? false }

    /// Whether the object cannot be brought back from a colder tier before there is room for it.
    package func awaitsRoom(_ id: ObjectID) -> Bool { objects[id]?.awaitsRoom == true }

    /// Keeps a sealed object where it is until the client unpins it as often, or dies.
    /// - Throws: `notHot` when it has to be brought back first: see ``open(_:client:into:)``.
    package mutating func pin(_ id: ObjectID, client: UInt64) throws(StoreFault) -> ObjectPlace {
        guard let object = objects[id], !object.isDeleted else { throw .noSuchObject(id) }
        guard object.isSealed else { throw .notSealed(id) }
        guard object.isReadable, let hot = object.hot else { throw .notHot(id) }
        addPin(id, client: client)
        return hot.place
    }

    package mutating func unpin(_ id: ObjectID, client: UInt64, into directives: inout [StoreDirective]) throws(StoreFault) {
        guard let count = clients[client]?.pins[id] else { throw .notPinned(id, client: client) }
        clients[client]?.pins[id] = count > 1 ? count - 1 : nil
        forgetIfIdle(client)
        objects[id]?.pins -= 1
        used(id)
        becameIdle(id)
        retireIfUnused(id, into: &directives)
        relieve(into: &directives)
    }

    /// The owner needs this copy no more. The space comes back when the last pin is gone and its writer, if any, is done.
    /// - Returns: false when there is no such object (any more).
    @discardableResult
    package mutating func delete(_ id: ObjectID, into directives: inout [StoreDirective]) -> Bool {
        guard let object = objects[id], !object.isDeleted else { return false }
        objects[id]?.isDeleted = true
        failOpens(of: id, .lost("it was deleted"), into: &directives)
        if object.isSealed { retireIfUnused(id, into: &directives) }
        return true
    }

    /// Every process of the client is gone for good: its unsealed objects are aborted, its pins and its requests dropped.
    package mutating func clientDied(_ client: UInt64, into directives: inout [StoreDirective]) {
        pending.removeAll { $0.creator == client }
        guard let gone = clients.removeValue(forKey: client) else { return }
        // In a fixed order, so that equal histories give equal directives.
        for id in inOrder(gone.opens) { objects[id]?.opens.removeAll { $0.client == client } }
        for id in inOrder(gone.unsealed) { discard(id, into: &directives) }
        for id in inOrder(gone.pins.keys) {
            objects[id]?.pins -= gone.pins[id] ?? 0
            becameIdle(id)
            retireIfUnused(id, into: &directives)
        }
        relieve(into: &directives)
    }

    // MARK: - Parts

    mutating func takeTicket() -> UInt64 {
        defer { nextTicket += 1 }
        return nextTicket
    }

    mutating func addPin(_ id: ObjectID, client: UInt64) {
        objects[id]?.pins += 1
        clients[client, default: StoreClient()].pins[id, default: 0] += 1
        used(id)
    }

    private func created(_ id: ObjectID, by client: UInt64) throws(StoreFault) -> StoredObject {
        guard let object = objects[id] else { throw .noSuchObject(id) }
        guard object.creator == client else { throw .notItsCreator(id, client: client) }
        guard !object.isSealed else { throw .alreadySealed(id) }
        return object
    }

    private func inOrder(_ ids: some Collection<ObjectID>) -> [ObjectID] {
        ids.sorted { (objects[$0]?.stamp ?? 0) < (objects[$1]?.stamp ?? 0) }
    }

    private mutating func forgetUnsealed(_ id: ObjectID, client: UInt64) {
        clients[client]?.unsealed.remove(id)
        forgetIfIdle(client)
    }

    mutating func forgetIfIdle(_ client: UInt64) {
        if clients[client]?.isIdle == true { clients[client] = nil }
    }
}
