import RayflowCore

extension StoreInstance {
    enum Room {
        case found(Int)
        /// Slabs come or go, or something has to move down first.
        case later
        case never(StoreFullReport.Reason)
    }

    /// An extent and a slot, or what has to happen first.
    mutating func room(for size: Int, into directives: inout [StoreDirective]) -> Room {
        guard size <= geometry.dataSize else { return .never(.tooLarge) }
        guard slots.hasFree else { return rules.waits ? .later : .never(.noSlot) }
        let (granules, alignment) = Self.reservation(for: size)
        if let extent = allocator.allocate(size: granules, alignment: alignment) { return .found(extent) }
        // While a slab comes or goes, what can be planned changes with it: wait for that first.
        if slabs.isMoving { return .later }
        if rules.waits, let slabRefusal, slabRefusal.tick == ticks { return .later }
        guard let plan = allocator.plan(size: granules, alignment: alignment) else {
            return rules.waits ? .later : .never(.noSpace)
        }
        begin(plan, into: &directives)
        return .later
    }

    /// Size and alignment in granules. From 64 KiB on objects own whole pages.
    static func reservation(for size: Int) -> (granules: Int, alignment: Int) {
        let unit = size >= StoreLimits.pageAlignedFrom ? StoreLimits.pageSize : StoreLimits.granule
        let bytes = (max(size, 1) + unit - 1) / unit * unit
        return (bytes / StoreLimits.granule, unit / StoreLimits.granule)
    }

    mutating func open(
        _ id: ObjectID, size: Int, client: UInt64, extent: Int, copyOf owner: Address?, into directives: inout [StoreDirective]
    ) -> ObjectPlace {
        let place = takePlace(for: id, extent: extent, size: size)
        var object = StoredObject(size: size, creator: client)
        object.hot = HotCopy(place: place, extent: extent)
        object.isSecondary = owner != nil
        object.ownerToTell = owner
        object.created = ticks
        objects[id] = object
        used(id)
        clients[client, default: StoreClient()].unsealed.insert(id)
        requestedBytes += size
        directives.append(.writeIndex(IndexEntry(object: id, place: place, state: .open)))
        return place
    }

    mutating func takePlace(for id: ObjectID, extent: Int, size: Int) -> ObjectPlace {
        let (slot, generation) = slots.take()
        named[slot] = id
        let offset = UInt64(allocator.extents[extent].offset * StoreLimits.granule)
        return ObjectPlace(slot: slot, generation: generation, offset: offset, size: UInt64(size))
    }

    /// Gives back what an object does not need after all.
    mutating func trim(_ hot: inout HotCopy, to size: Int) {
        trim(extent: hot.extent, granted: Int(hot.place.size), to: size)
        hot.place.size = UInt64(size)
    }

    mutating func trim(extent: Int, granted size: Int, to count: Int) {
        let granted = allocator.extents[extent].size
        // What began on a page of its own keeps whole pages.
        let unit = (size >= StoreLimits.pageAlignedFrom ? StoreLimits.pageSize : StoreLimits.granule) / StoreLimits.granule
        let granules = (max(count, 1) + StoreLimits.granule - 1) / StoreLimits.granule
        allocator.shrink(extent, to: min(granted, (granules + unit - 1) / unit * unit))
    }

    /// Answers those who waited, oldest first. Who does not fit waits for room of its own, or fails when that can never be. Beyond the first
    /// that do not fit nobody is looked at: those that wait may be many.
    mutating func servePending(into directives: inout [StoreDirective]) {
        let waiting = pending
        pending = []
        for (index, request) in waiting.enumerated() {
            guard pending.count < StoreLimits.roomLooks else {
                pending += waiting[index...]
                break
            }
            switch request.purpose {
            case .create(let client, let owner):
                if let object = objects[request.id] {
                    objects[request.id]?.isDeleted = false
                    directives.append(.wake(ticket: request.ticket, .exists(isSealed: object.isSealed)))
                    if object.isDeleted { becameIdle(request.id) }
                    continue
                }
                switch room(for: request.size, into: &directives) {
                case .found(let extent):
                    let place = open(
                        request.id, size: request.size, client: client, extent: extent, copyOf: owner, into: &directives)
                    directives.append(.wake(ticket: request.ticket, .granted(place)))
                case .never(let reason): directives.append(.wake(ticket: request.ticket, .full(report(reason, size: request.size))))
                case .later: pending.append(request)
                }
            case .restore:
                guard objects[request.id]?.awaitsRoom == true else { continue }
                objects[request.id]?.awaitsRoom = false
                guard objects[request.id]?.opens.isEmpty == false else { continue }
                restore(request.id, waiting: request, into: &directives)
            }
        }
        relieve(into: &directives)
    }

    /// The time of those who have waited long enough is up: nothing that is under way can help them.
    mutating func expirePending(into directives: inout [StoreDirective]) {
        let isStill = moves.isEmpty && !slabs.isMoving
        let expired = pending.filter {
            (isStill && ticks - $0.since >= rules.waitTicks) || ticks - $0.since >= StoreLimits.roomWaitLimitTicks
        }
        guard !expired.isEmpty else { return }
        let tickets = Set(expired.map(\.ticket))
        pending.removeAll { tickets.contains($0.ticket) }
        for request in expired {
            let full = report(fullReason, size: request.size)
            if request.creator != nil {
                directives.append(.wake(ticket: request.ticket, .full(full)))
            } else {
                objects[request.id]?.awaitsRoom = false
                failOpens(of: request.id, .full(full), into: &directives)
            }
        }
    }

    /// What keeps a full store from making room.
    private var fullReason: StoreFullReport.Reason {
        if let spillRefusal {
            if case .diskFull(let why) = spillRefusal.fault { return .diskFull(why) }
            return .noSpill(spillRefusal.fault.description)
        }
        if let slabRefusal, ticks - slabRefusal.tick <= 1 { return .slabRefused(slabRefusal.why) }
        return slots.hasFree ? .noSpace : .noSlot
    }

    // MARK: - Retiring

    mutating func retireIfUnused(_ id: ObjectID, into directives: inout [StoreDirective]) {
        guard let object = objects[id], object.isDeleted, object.isSealed, object.pins == 0, object.move == nil else { return }
        discard(id, into: &directives)
    }

    /// The object and all its copies go. Its raw space follows when no pin page shows its slot.
    mutating func discard(_ id: ObjectID, into directives: inout [StoreDirective]) {
        guard let object = objects[id] else { return }
        if object.isSealed { sealedObjects -= 1 }
        retireHot(id, into: &directives)
        dropWarm(id)
        dropCold(id, into: &directives)
        objects[id] = nil
        isExhausted = false
    }

    /// Takes the raw copy's slot and generation away.
    mutating func retireHot(_ id: ObjectID, into directives: inout [StoreDirective]) {
        guard let object = objects[id], let hot = object.hot else { return }
        objects[id]?.hot = nil
        requestedBytes -= object.size
        let slot = hot.place.slot
        let generation = slots.bump(slot)
        named[slot] = nil
        retired[slot] = hot.extent
        retiredBytes += bytes(ofExtent: hot.extent)
        let mark = ObjectPlace(slot: slot, generation: generation, offset: 0, size: 0)
        directives.append(.writeIndex(IndexEntry(object: id, place: mark, state: .retired)))
        directives.append(.checkPins(slot: slot))
    }

    /// The answer to `checkPins`. A slot that is still pinned is looked at again at the next tick.
    package mutating func pinsChecked(slot: UInt32, isPinned: Bool, into directives: inout [StoreDirective]) {
        if !isPinned, let extent = retired.removeValue(forKey: slot) {
            retiredBytes -= bytes(ofExtent: extent)
            allocator.free(extent)
            slots.giveBack(slot)
            servePending(into: &directives)
        } else {
            relieve(into: &directives)
        }
    }

    /// Looks again at retired space that was pinned.
    package func sweep(into directives: inout [StoreDirective]) {
        for slot in retired.keys.sorted() { directives.append(.checkPins(slot: slot)) }
    }

    func bytes(ofExtent extent: Int) -> Int { allocator.extents[extent].size * StoreLimits.granule }
}
