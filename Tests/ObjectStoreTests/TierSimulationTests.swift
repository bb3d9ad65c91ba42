import RayflowCore
import Testing

@testable import ObjectStore

/// Random histories of a store with three tiers against a model that knows what is written where.
@Suite struct TierSimulationTests {
    @Test(
        "whatever moves where, every read finds its object or hears why not, space is never shared, and in the end all of it is free",
        arguments: 1...12 as ClosedRange<UInt64>)
    func histories(seed: UInt64) throws {
        var simulation = try Simulation(seed: seed, rules: Self.rules(seed))
        for _ in 0..<6000 { try simulation.step() }
        try simulation.drain()
        // With equal luck every kind of move has happened.
        #expect(simulation.seen.isSuperset(of: seed % 3 == 0 ? [.pack, .restore] : [.pack, .spill, .restore]))
    }

    @Test("equal histories give equal directives")
    func determinism() throws {
        var first = try Simulation(seed: 77, rules: Self.rules(77))
        var second = try Simulation(seed: 77, rules: Self.rules(77))
        for _ in 0..<3000 {
            try first.step()
            try second.step()
        }
        #expect(first.history == second.history)
    }

    /// Each third seed has no spill folder, each fourth one that is too small.
    private static func rules(_ seed: UInt64) -> TierRules {
        var rules = TierRules()
        rules.waitTicks = 3
        rules.spillFileSize = 256 << 10
        rules.spillBytes = seed % 3 == 0 ? 0 : seed % 4 == 0 ? 1 << 20 : 64 << 20
        return rules
    }
}

private struct Simulation {
    enum Kind { case pack, spill, restore }

    var random: SplitMix
    var store: StoreInstance
    var history: [StoreDirective] = []
    var directives: [StoreDirective] = []
    /// Directives that an IO thread has in hand.
    var inFlight: [StoreDirective] = []
    var seen: Set<Kind> = []

    /// What every granule of the arena and every page of the disk holds: a raw object, its packed form, or nothing in particular.
    enum Mark: Equatable { case raw(ObjectID), packed(ObjectID) }
    var arena: [Mark?]
    var disk: [Int: Mark] = [:]

    var creating: [UInt64: (id: ObjectID, size: Int, client: UInt64)] = [:]
    var opening: [UInt64: (id: ObjectID, client: UInt64)] = [:]
    var open: [(id: ObjectID, client: UInt64, place: ObjectPlace)] = []
    var sealed: [ObjectID] = []
    var sizes: [ObjectID: Int] = [:]
    var secondary: Set<ObjectID> = []
    var pins: [(id: ObjectID, client: UInt64, place: ObjectPlace)] = []
    var shown: Set<UInt32> = []
    var faults = true
    var nextID: UInt64 = 1

    init(seed: UInt64, rules: TierRules) throws {
        random = SplitMix(seed: seed)
        let geometry = try ArenaGeometry(slabSize: 1 << 18, slabCount: 4, slotCount: 64, processCount: 1)
        store = StoreInstance(geometry: geometry, rules: rules)
        arena = [Mark?](repeating: nil, count: geometry.dataSize / StoreLimits.granule)
    }

    mutating func step() throws {
        let client = 1 + random.next() % 4
        switch random.next() % 24 {
        case 0..<6:
            let size = 1 + Int(random.next() % (1 << (8 + random.next() % 10)))
            let id = object(nextID)
            nextID += 1
            sizes[id] = size
            let isSecondary = random.next() % 4 == 0
            if isSecondary { secondary.insert(id) }
            let result = try store.create(id, size: size, client: client, copyOf: isSecondary ? owner : nil, into: &directives)
            if case .pending(let ticket) = result { creating[ticket] = (id, size, client) } else { created(result, id, size, client) }
        case 6..<10:
            guard let item = take(\.open) else { break }
            fill(granules(item.place), .raw(item.id))
            let place = try store.seal(item.id, client: item.client, into: &directives)
            #expect(place == item.place && (store.contains(item.id) || secondary.contains(item.id)))
            sealed.append(item.id)
        case 10:
            guard let item = take(\.open) else { break }
            try store.abort(item.id, client: item.client, into: &directives)
        case 11..<14:
            guard let id = sealed.randomElement(using: &random) else { break }
            guard store.contains(id) else {
                #expect(secondary.contains(id) || isLost.contains(id), "\(id) was dropped")
                sealed.removeAll { $0 == id }
                break
            }
            let result = try store.open(id, client: client, into: &directives)
            if case .pending(let ticket) = result { opening[ticket] = (id, client) } else { opened(result, id, client) }
        case 14..<17:
            guard let pin = take(\.pins) else { break }
            check(pin.place, pin.id)
            try store.unpin(pin.id, client: pin.client, into: &directives)
        case 17..<19:
            guard let id = take(\.sealed) else { break }
            store.delete(id, into: &directives)
        case 19 where random.next() % 10 == 0:
            store.clientDied(client, into: &directives)
            open.removeAll { $0.client == client }
            pins.removeAll { $0.client == client }
            creating = creating.filter { $0.value.client != client }
            opening = opening.filter { $0.value.client != client }
        case 20: store.tick(into: &directives)
        case 21 where random.next() % 200 == 0:
            store.keepSecondaries(into: &directives)
            secondary.subtract(sealed.filter { store.contains($0) })
        default:
            if let directive = take(\.inFlight) { finish(directive) }
        }
        work()
        let statistics = store.statistics
        #expect(statistics.usedBytes + statistics.freeBytes <= store.geometry.dataSize)
        let accounts = StoreAccounts(statistics, store.rows)
        #expect(accounts.arenaDifference == 0 && accounts.diskDifference == 0, "\(accounts)")
        #expect(store.moves.values.count { $0.kind != .restore } <= StoreLimits.maximumMoves + 1, "one more after a pack that did not pay")
    }

    var isLost: Set<ObjectID> = []

    mutating func work() {
        while !directives.isEmpty {
            let directive = directives.removeFirst()
            history.append(directive)
            switch directive {
            case .populateSlab, .releaseSlab, .freeSpill, .deleteSpillFile: inFlight.append(directive)
            case .move(let move):
                inFlight.append(directive)
                // Nothing may lie in the target.
                if case .cold(let region) = move.target {
                    for page in pages(region) where disk[page] != nil { Issue.record("page \(page) of the disk is in use") }
                }
            case .writeIndex(let entry):
                if entry.state == .retired, faults, random.next() % 4 == 0 { shown.insert(entry.place.slot) }
            case .checkPins(let slot):
                if shown.contains(slot), random.next() % 2 == 0 { shown.remove(slot) }
                store.pinsChecked(slot: slot, isPinned: shown.contains(slot), into: &directives)
            case .lookAtPins:
                // Any slot may be read by page, whether somebody has it or not; who reads so need not be asked before it moves.
                var look = PinLook()
                if faults { for slot in 0..<48 as Range<UInt32> where random.next() % 8 == 0 { look.holders[slot] = [7] } }
                if faults { for slot in 0..<48 as Range<UInt32> where random.next() % 8 == 0 { look.used.insert(slot) } }
                store.pinsSeen(look, into: &directives)
            case .wake(let ticket, let result):
                guard let request = creating.removeValue(forKey: ticket) else {
                    Issue.record("ticket \(ticket) was answered twice")
                    return
                }
                created(result, request.id, request.size, request.client)
            case .opened(let ticket, let result):
                guard let request = opening.removeValue(forKey: ticket) else {
                    Issue.record("open \(ticket) was answered twice")
                    return
                }
                opened(result, request.id, request.client)
            case .dropped(let id, let told):
                if !secondary.contains(id) || told != owner || store.contains(id) { Issue.record("\(id) was said to be dropped") }
            }
        }
    }

    mutating func created(_ result: CreateResult, _ id: ObjectID, _ size: Int, _ client: UInt64) {
        guard case .granted(let place) = result else { return }
        #expect(place.size == UInt64(size))
        // Whoever was there before is overwritten: should it still be needed, its reader notices.
        fill(granules(place), nil)
        open.append((id, client, place))
    }

    mutating func opened(_ result: OpenResult, _ id: ObjectID, _ client: UInt64) {
        switch result {
        case .pinned(let place):
            check(place, id)
            pins.append((id, client, place))
        case .lost: #expect(isLost.contains(id) || !sealed.contains(id))
        case .full, .pending: break
        }
    }

    mutating func finish(_ directive: StoreDirective) {
        let luck = faults ? random.next() % 100 : 50
        switch directive {
        case .populateSlab(let slab) where luck < 20: store.slabFailed(slab, reason: "test", into: &directives)
        case .populateSlab(let slab): store.slabReady(slab, into: &directives)
        case .releaseSlab(let slab):
            let range = store.geometry.range(ofSlab: slab)
            fill(range.lowerBound / StoreLimits.granule..<range.upperBound / StoreLimits.granule, nil)
            store.slabReleased(slab, into: &directives)
        case .freeSpill(let extent, let region):
            for page in pages(region) { disk[page] = nil }
            store.spillFreed(extent, into: &directives)
        case .deleteSpillFile(let file):
            let pages = store.rules.spillFileSize / StoreLimits.pageSize
            for page in file * pages..<(file + 1) * pages where disk.removeValue(forKey: page) != nil {
                Issue.record("file \(file) is deleted under page \(page)")
            }
            store.spillFileDeleted(file, into: &directives)
        case .move(let move): finish(move, luck: luck)
        case .writeIndex, .checkPins, .lookAtPins, .wake, .opened, .dropped: break
        }
    }

    mutating func finish(_ move: TierMove, luck: UInt64) {
        let id = move.object
        let checksum = UInt32(truncatingIfNeeded: id.hashValue(of: move.size))
        #expect(move.size == sizes[id] && (move.checksum == nil || move.checksum == checksum))
        var count = 0
        switch move.source {
        case .hot(let place): check(place, id)
        case .warm(let offset, let bytes):
            count = bytes
            for at in granules(offset, bytes) where arena[at] != .packed(id) {
                Issue.record("\(move) read \(arena[at] as Any) at \(at)")
                return
            }
        case .cold(let region):
            count = region.count
            for page in pages(region) where disk[page] != .packed(id) {
                Issue.record("\(move) read \(disk[page] as Any) on page \(page)")
                return
            }
        }
        switch move.target {
        case .warm(let offset, let granted):
            if move.size % 5 == 0 { return store.moveFailed(move.number, .doesNotPay, into: &directives) }
            seen.insert(.pack)
            count = 1 + Int(random.next() % UInt64(granted))
            fill(granules(offset, granted), nil)
            fill(granules(offset, count), .packed(id))
        case .cold(let region):
            seen.insert(.spill)
            if count == 0 { count = 1 + Int(random.next() % UInt64(region.count)) }
            for page in pages(SpillRegion(offset: region.offset, count: count)) { disk[page] = .packed(id) }
            if luck < 5 { return store.moveFailed(move.number, .diskFull("test"), into: &directives) }
        case .hot(let place):
            seen.insert(.restore)
            fill(granules(place), .raw(id))
            if luck < 3 {
                isLost.insert(id)
                return store.moveFailed(move.number, .damaged("test"), into: &directives)
            }
            if luck < 6 { return store.moveFailed(move.number, .unmapped("test"), into: &directives) }
        }
        store.moved(move.number, TierMoveResult(count: count, checksum: checksum), into: &directives)
    }

    /// With faults stopped every wait ends, everything can be read, and everything comes back.
    mutating func drain() throws {
        faults = false
        shown = []
        settle()
        #expect(creating.isEmpty && opening.isEmpty && store.statistics.pendingCreates == 0)
        for client in 1...4 as ClosedRange<UInt64> { store.clientDied(client, into: &directives) }
        pins = []
        open = []
        settle()
        for id in sealed where store.contains(id) {
            let result = try store.open(id, client: 9, into: &directives)
            if case .pending(let ticket) = result { opening[ticket] = (id, 9) } else { opened(result, id, 9) }
            settle()
            #expect(opening.isEmpty)
            // A store without enough disk may be full of what nobody reads but its owner.
            if pins.isEmpty, store.rules.spillBytes > 1 << 20 { #expect(!store.contains(id), "\(id) cannot be read") }
            while let pin = take(\.pins) { try store.unpin(pin.id, client: 9, into: &directives) }
            settle()
        }
        for id in sealed { store.delete(id, into: &directives) }
        settle()
        let rest = store.statistics
        #expect(rest.objects == 0 && rest.usedBytes == 0 && rest.retiredObjects == 0 && rest.requestedBytes == 0)
        #expect(rest.warmBytes == 0 && rest.warmObjects == 0 && rest.coldObjects == 0 && rest.coldBytes == 0)
        #expect(rest.spillBytes == 0 && rest.spillFiles == 0 && rest.movesUnderWay == 0)
        #expect(disk.isEmpty)
    }

    private mutating func settle() {
        work()
        for _ in 0...StoreLimits.roomWaitLimitTicks {
            while let directive = inFlight.popLast() {
                finish(directive)
                work()
            }
            store.tick(into: &directives)
            work()
            if inFlight.isEmpty, creating.isEmpty, opening.isEmpty { break }
        }
        while let directive = inFlight.popLast() {
            finish(directive)
            work()
        }
    }

    // MARK: - Marks

    private func granules(_ place: ObjectPlace) -> Range<Int> { granules(Int(place.offset), Int(place.size)) }

    private func granules(_ offset: Int, _ count: Int) -> Range<Int> {
        offset / StoreLimits.granule..<(offset + max(count, 1) + StoreLimits.granule - 1) / StoreLimits.granule
    }

    private func pages(_ region: SpillRegion) -> Range<Int> {
        region.pages.lowerBound / StoreLimits.pageSize..<region.pages.upperBound / StoreLimits.pageSize
    }

    private mutating func fill(_ range: Range<Int>, _ mark: Mark?) { for at in range { arena[at] = mark } }

    private func check(_ place: ObjectPlace, _ id: ObjectID) {
        for at in granules(place) where arena[at] != .raw(id) {
            Issue.record("\(id) reads \(arena[at] as Any) at \(at)")
            return
        }
    }

    private mutating func take<Item>(_ items: WritableKeyPath<Simulation, [Item]>) -> Item? {
        self[keyPath: items].isEmpty ? nil : self[keyPath: items].remove(at: Int(random.next() % UInt64(self[keyPath: items].count)))
    }
}

extension ObjectID {
    /// The same in each process, unlike `hashValue`.
    fileprivate func hashValue(of size: Int) -> UInt64 { UInt64(size) &* 0x9e37_79b9 ^ task.unique }
}
