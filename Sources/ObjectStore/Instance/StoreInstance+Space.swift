import RayflowCore

extension StoreInstance {
    /// Grants, or starts what a grant needs. A result `.pending` has no ticket yet.
    mutating func attempt(_ id: ObjectID, size: Int, client: UInt64, into directives: inout [StoreDirective]) -> CreateResult {
        if let object = objects[id] {
            objects[id]?.isDeleted = false
            return .exists(object.place, isSealed: object.isSealed)
        }
        guard size <= geometry.dataSize else { return .full(report(.tooLarge, size: size)) }
        guard slots.hasFree else { return .full(report(.noSlot, size: size)) }
        let (granules, alignment) = Self.reservation(for: size)
        if let extent = allocator.allocate(size: granules, alignment: alignment) {
            return .granted(open(id, size: size, client: client, extent: extent, into: &directives))
        }
        // While a slab comes or goes, what can be planned changes with it: wait for that first.
        if slabs.isMoving { return .pending(ticket: 0) }
        guard let plan = allocator.plan(size: granules, alignment: alignment) else { return .full(report(.noSpace, size: size)) }
        begin(plan, into: &directives)
        return .pending(ticket: 0)
    }

    /// Size and alignment in granules. From 64 KiB on objects own whole pages.
    static func reservation(for size: Int) -> (granules: Int, alignment: Int) {
        let unit = size >= StoreLimits.pageAlignedFrom ? StoreLimits.pageSize : StoreLimits.granule
        let bytes = (max(size, 1) + unit - 1) / unit * unit
        return (bytes / StoreLimits.granule, unit / StoreLimits.granule)
    }

    private mutating func open(
        _ id: ObjectID, size: Int, client: UInt64, extent: Int, into directives: inout [StoreDirective]
    ) -> ObjectPlace {
        let (slot, generation) = slots.take()
        let offset = UInt64(allocator.extents[extent].offset * StoreLimits.granule)
        let place = ObjectPlace(slot: slot, generation: generation, offset: offset, size: UInt64(size))
        objects[id] = StoredObject(place: place, extent: extent, creator: client)
        clients[client, default: StoreClient()].unsealed.insert(id)
        requestedBytes += size
        directives.append(.writeIndex(IndexEntry(place: place, state: .open)))
        return place
    }

    /// Gives back what an object does not need after all.
    mutating func trim(_ object: inout StoredObject, to size: Int) {
        let granted = allocator.extents[object.extent].size
        // What began on a page of its own keeps whole pages.
        let unit =
            (Int(object.place.size) >= StoreLimits.pageAlignedFrom ? StoreLimits.pageSize : StoreLimits.granule) / StoreLimits.granule
        let granules = (max(size, 1) + StoreLimits.granule - 1) / StoreLimits.granule
        allocator.shrink(object.extent, to: min(granted, (granules + unit - 1) / unit * unit))
        object.place.size = UInt64(size)
    }

    // MARK: - Retiring

    mutating func retireIfUnused(_ id: ObjectID, into directives: inout [StoreDirective]) {
        guard let object = objects[id], object.isDeleted, object.isSealed, object.pins == 0 else { return }
        retire(id, into: &directives)
    }

    /// Takes the name and the generation away. The space follows when no pin page shows the slot.
    mutating func retire(_ id: ObjectID, into directives: inout [StoreDirective]) {
        guard var object = objects.removeValue(forKey: id) else { return }
        if object.isSealed { sealedObjects -= 1 }
        requestedBytes -= Int(object.place.size)
        let slot = object.place.slot
        object.place.generation = slots.bump(slot)
        retired[slot] = object
        retiredBytes += bytes(of: object)
        let mark = ObjectPlace(slot: slot, generation: object.place.generation, offset: 0, size: 0)
        directives.append(.writeIndex(IndexEntry(place: mark, state: .retired)))
        directives.append(.checkPins(slot: slot))
    }

    /// The answer to `checkPins`. A slot that is still pinned is looked at again at the next tick.
    package mutating func pinsChecked(slot: UInt32, isPinned: Bool, into directives: inout [StoreDirective]) {
        guard !isPinned, let object = retired.removeValue(forKey: slot) else { return }
        retiredBytes -= bytes(of: object)
        allocator.free(object.extent)
        slots.giveBack(slot)
        servePending(into: &directives)
    }

    /// Looks again at retired space that was pinned.
    package func sweep(into directives: inout [StoreDirective]) {
        for slot in retired.keys.sorted() { directives.append(.checkPins(slot: slot)) }
    }

    private func bytes(of object: StoredObject) -> Int { allocator.extents[object.extent].size * StoreLimits.granule }
}
