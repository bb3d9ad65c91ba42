import RayflowCore

/// Moving down: who goes, and where to.
extension StoreInstance {
    // MARK: - Use

    mutating func used(_ id: ObjectID) {
        restamp(id)
        objects[id]?.lastUse = ticks
    }

    private mutating func restamp(_ id: ObjectID) {
        objects[id]?.stamp = nextStamp
        nextStamp += 1
    }

    /// Puts an object that nobody reads any more into its order; nothing happens with any other.
    mutating func becameIdle(_ id: ObjectID) {
        guard objects[id]?.isIdle == true else { return }
        restamp(id)
        enqueue(id)
    }

    private mutating func enqueue(_ id: ObjectID) {
        guard rules.movesDown, let object = objects[id], object.isIdle, !isPinnedByPage(object) else { return }
        isExhausted = false
        let objects = objects
        let limit = 4 * objects.count + 1024
        func counts(_ id: ObjectID, _ stamp: UInt64) -> Bool { objects[id]?.stamp == stamp }
        func add(to order: inout UseOrder) {
            order.append(id, stamp: object.stamp)
            if order.count > limit { order.prune(where: counts) }
        }
        if object.hot != nil {
            if object.isSecondary || object.cold != nil { add(to: &droppable) } else { add(to: &hotIdle) }
        } else if object.warm != nil {
            add(to: &warmIdle)
        }
    }

    private static func pop(_ order: inout UseOrder, of objects: [ObjectID: StoredObject]) -> ObjectID? {
        order.popFirst { id, stamp in
            guard let object = objects[id] else { return false }
            return object.stamp == stamp && object.isIdle
        }
    }

    /// What pin pages show counts as use, as opening by message does.
    package mutating func see(_ look: PinLook) {
        let before = holders
        holders = look.holders
        for slot in Set(before.keys).union(look.holders.keys).union(look.used).sorted() {
            guard let id = named[slot] else { continue }
            used(id)
            becameIdle(id)
        }
    }

    /// The answer to `lookAtPins`.
    package mutating func pinsSeen(_ look: PinLook, into directives: inout [StoreDirective]) {
        see(look)
        relieve(seesPins: true, into: &directives)
    }

    func isPinnedByPage(_ object: StoredObject) -> Bool { object.hot.map { holders[$0.place.slot] != nil } ?? false }

    // MARK: - Pressure

    /// Bytes of the arena that the machine gives.
    private var reachableBytes: Int {
        slabRefusal == nil || !slabs.wasRefused ? geometry.dataSize : slabs.readyCount * geometry.slabSize
    }
    /// Without a spill folder packed objects have nowhere to go.
    private var warmLimit: Int {
        canSpill ? reachableBytes / 100 * rules.warmLimitPercent : rules.warmLimitPercent > 0 ? reachableBytes : 0
    }
    private var movesDown: Int { moves.values.count { $0.kind != .restore } }
    private var canSpill: Bool { !spill.isOff && spillRefusal == nil }

    private var mustRelieve: Bool {
        let expected = moves.values.reduce(0) { $0 + $1.relief }
        if !pending.isEmpty, !slabs.isPopulating {
            let wanted = pending.prefix(16).reduce(0) { $0 + $1.size }
            // What is free may lie in pieces: then one more at a time.
            if moves.isEmpty || expected + allocator.freeGranules * StoreLimits.granule < wanted { return true }
        }
        let used = allocator.usedGranules * StoreLimits.granule - expected
        return used > reachableBytes / 100 * rules.softLimitPercent
    }

    /// Moves objects down while somebody waits for room or the soft limit is passed; after a look at who reads them.
    mutating func relieve(seesPins: Bool = false, into directives: inout [StoreDirective]) {
        guard rules.movesDown else { return }
        while !isExhausted, mustRelieve {
            guard seesPins else { return directives.append(.lookAtPins) }
            if let id = Self.pop(&droppable, of: objects) {
                drop(id, into: &directives)
                return  // the answer to `checkPins` comes back here
            }
            guard movesDown < StoreLimits.maximumMoves else { return }
            if !moveOneDown(into: &directives) { isExhausted = true }
        }
    }

    /// - Returns: false when nothing can move.
    private mutating func moveOneDown(into directives: inout [StoreDirective]) -> Bool {
        if tally.warmBytes > warmLimit, canSpill, let id = Self.pop(&warmIdle, of: objects) {
            if startSpill(id, into: &directives) { return true }
            parked.append(id)
        }
        while let id = Self.pop(&hotIdle, of: objects) {
            if startPack(id, into: &directives) || startSpill(id, into: &directives) { return true }
            parked.append(id)
        }
        while canSpill, let id = Self.pop(&warmIdle, of: objects) {
            if startSpill(id, into: &directives) { return true }
            parked.append(id)
        }
        return false
    }

    /// Those that could not move are tried again.
    mutating func unpark() {
        let waiting = parked
        parked = []
        for id in waiting { enqueue(id) }
    }

    /// The raw copy goes; either there is another here, or other nodes have it.
    private mutating func drop(_ id: ObjectID, into directives: inout [StoreDirective]) {
        tally.dropped += 1
        guard let object = objects[id], object.cold == nil else { return retireHot(id, into: &directives) }
        if let owner = object.ownerToTell { directives.append(.dropped(id, owner: owner)) }
        discard(id, into: &directives)
    }

    // MARK: - Steps down

    private mutating func startPack(_ id: ObjectID, into directives: inout [StoreDirective]) -> Bool {
        guard let object = objects[id], let hot = object.hot, !object.isIncompressible else { return false }
        guard rules.warmLimitPercent > 0, tally.warmBytes < warmLimit else { return false }
        let granted = object.size - object.size * StoreLimits.worthwhileSavingPercent / 100
        let (granules, alignment) = Self.reservation(for: granted)
        guard granted < object.size, let extent = allocator.allocate(size: granules, alignment: alignment) else { return false }
        let offset = allocator.extents[extent].offset * StoreLimits.granule
        let under = MoveUnderWay(
            object: id, kind: .pack, extent: extent, granted: granted,
            // Of the room, half comes back by experience.
            relief: bytes(ofExtent: hot.extent) + granules * StoreLimits.granule / 2)
        start(under, from: .hot(hot.place), to: .warm(offset: offset, count: granted), into: &directives)
        return true
    }

    mutating func startSpill(_ id: ObjectID, into directives: inout [StoreDirective]) -> Bool {
        guard canSpill, let object = objects[id] else { return false }
        if let warm = object.warm {
            guard let (extent, region) = reserveSpill(warm.count) else { return false }
            let under = MoveUnderWay(object: id, kind: .spillWarm, extent: extent, relief: bytes(ofExtent: warm.extent))
            start(under, from: source(of: warm), to: .cold(region), into: &directives)
        } else if let hot = object.hot {
            guard let (extent, region) = reserveSpill(PackedForm.bound(object.size)) else { return false }
            let under = MoveUnderWay(object: id, kind: .spill, extent: extent, relief: bytes(ofExtent: hot.extent))
            start(under, from: .hot(hot.place), to: .cold(region), into: &directives)
        } else {
            return false
        }
        return true
    }

    private mutating func reserveSpill(_ count: Int) -> (Int, SpillRegion)? {
        if let room = spill.reserve(count) { return room }
        if !spill.isDeleting {
            spillRefusal = (.folder("\(spill.usedBytes) of the \(rules.spillBytes) bytes of the spill folder are in use"), ticks)
        }
        return nil
    }

    // MARK: - Up again

    /// Brings an object back, as soon as there is room.
    mutating func restore(_ id: ObjectID, waiting: PendingRoom? = nil, into directives: inout [StoreDirective]) {
        guard let object = objects[id], let packed = object.warm ?? object.cold else { return }
        switch room(for: object.size, into: &directives) {
        case .found(let extent):
            let place = takePlace(for: id, extent: extent, size: object.size)
            objects[id]?.hot = HotCopy(place: place, extent: extent, isComplete: false)
            requestedBytes += object.size
            directives.append(.writeIndex(IndexEntry(object: id, place: place, state: .open)))
            let origin = object.warm != nil ? source(of: packed) : TierMove.Bytes.cold(coldRegion(of: packed))
            start(MoveUnderWay(object: id, kind: .restore, extent: extent), from: origin, to: .hot(place), into: &directives)
        case .later:
            objects[id]?.awaitsRoom = true
            pending.append(waiting ?? PendingRoom(ticket: takeTicket(), id: id, size: object.size, purpose: .restore, since: ticks))
        case .never(let reason): failOpens(of: id, .full(report(reason, size: object.size)), into: &directives)
        }
    }

    private func source(of warm: PackedCopy) -> TierMove.Bytes {
        .warm(offset: allocator.extents[warm.extent].offset * StoreLimits.granule, count: warm.count)
    }

    private func coldRegion(of cold: PackedCopy) -> SpillRegion {
        SpillRegion(offset: spill.region(of: cold.extent).offset, count: cold.count)
    }

    private mutating func start(
        _ under: MoveUnderWay, from source: TierMove.Bytes, to target: TierMove.Bytes, into directives: inout [StoreDirective]
    ) {
        let number = nextMove
        nextMove += 1
        moves[number] = under
        objects[under.object]?.move = number
        let object = objects[under.object]
        directives.append(
            .move(
                TierMove(
                    number: number, object: under.object, size: object?.size ?? 0, source: source, target: target,
                    checksum: object?.checksum)))
    }

    // MARK: - Packed copies

    mutating func dropWarm(_ id: ObjectID) {
        guard let warm = objects[id]?.warm else { return }
        objects[id]?.warm = nil
        tally.warmObjects -= 1
        tally.warmBytes -= bytes(ofExtent: warm.extent)
        allocator.free(warm.extent)
    }

    mutating func dropCold(_ id: ObjectID, into directives: inout [StoreDirective]) {
        guard let cold = objects[id]?.cold else { return }
        objects[id]?.cold = nil
        tally.coldObjects -= 1
        tally.coldBytes -= spill.region(of: cold.extent).count
        directives.append(.freeSpill(extent: cold.extent, spill.beginFreeing(cold.extent)))
    }

    mutating func failOpens(of id: ObjectID, _ answer: OpenResult, into directives: inout [StoreDirective]) {
        for open in takeOpens(of: id) { directives.append(.opened(ticket: open.ticket, answer)) }
    }

    mutating func takeOpens(of id: ObjectID) -> [(ticket: UInt64, client: UInt64)] {
        guard let opens = objects[id]?.opens, !opens.isEmpty else { return [] }
        objects[id]?.opens = []
        for open in opens {
            clients[open.client]?.opens.remove(id)
            forgetIfIdle(open.client)
        }
        return opens
    }
}
