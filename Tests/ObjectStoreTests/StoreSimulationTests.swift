import RayflowCore
import Testing

@testable import ObjectStore

/// Random histories against a model that knows names and nothing of space.
@Suite struct StoreSimulationTests {
    @Test(
        "every request is answered, live objects never overlap, and in the end all space is free", arguments: 1...8 as ClosedRange<UInt64>)
    func histories(seed: UInt64) throws {
        var simulation = Simulation(
            seed: seed, geometry: try ArenaGeometry(slabSize: 1 << 18, slabCount: 6, slotCount: 48, processCount: 1))
        for _ in 0..<4000 { try simulation.step() }
        try simulation.drain()
    }

    @Test("equal histories give equal directives")
    func determinism() throws {
        let geometry = try ArenaGeometry(slabSize: 1 << 18, slabCount: 6, slotCount: 48, processCount: 1)
        var first = Simulation(seed: 99, geometry: geometry)
        var second = Simulation(seed: 99, geometry: geometry)
        for _ in 0..<2000 {
            try first.step()
            try second.step()
        }
        #expect(first.history == second.history)
    }
}

private struct Simulation {
    var random: SplitMix
    var store: StoreInstance
    var history: [StoreDirective] = []
    var directives: [StoreDirective] = []
    /// Directives that an IO thread has in hand.
    var inFlight: [StoreDirective] = []
    var waiting: [UInt64: (id: ObjectID, size: Int, client: UInt64)] = [:]
    var open: [(id: ObjectID, client: UInt64)] = []
    var sealed: [ObjectID] = []
    var pins: [(id: ObjectID, client: UInt64)] = []
    /// Space that somebody may read or write, by slot.
    var space: [UInt32: Range<UInt64>] = [:]
    var shown: Set<UInt32> = []
    var nextID: UInt64 = 1

    init(seed: UInt64, geometry: ArenaGeometry) {
        random = SplitMix(seed: seed)
        store = StoreInstance(geometry: geometry)
    }

    mutating func step() throws {
        let client = 1 + random.next() % 4
        switch random.next() % 20 {
        case 0..<7:
            let size = Int(random.next() % (1 << (4 + random.next() % 16)))
            let id = object(nextID)
            nextID += 1
            let result = try store.create(id, size: size, client: client, into: &directives)
            if case .pending(let ticket) = result { waiting[ticket] = (id, size, client) } else { answer(result, id, size, client) }
        case 7..<11:
            guard let item = take(\.open) else { break }
            let place = try store.seal(item.id, client: item.client, into: &directives)
            #expect(store.lookup(item.id) == place)
            sealed.append(item.id)
        case 11:
            guard let item = take(\.open) else { break }
            try store.abort(item.id, client: item.client, into: &directives)
        case 12..<14:
            guard let id = sealed.randomElement(using: &random) else { break }
            _ = try store.pin(id, client: client)
            pins.append((id, client))
        case 14:
            guard let pin = take(\.pins) else { break }
            try store.unpin(pin.id, client: pin.client, into: &directives)
        case 15..<17:
            guard let id = take(\.sealed) else { break }
            store.delete(id, into: &directives)
        case 17 where random.next() % 10 == 0:
            store.clientDied(client, into: &directives)
            open.removeAll { $0.client == client }
            pins.removeAll { $0.client == client }
            waiting = waiting.filter { $0.value.client != client }
        case 18:
            store.tick(into: &directives)
        default:
            if let directive = take(\.inFlight) { finish(directive, refused: random.next() % 5 == 0) }
        }
        work()
        // Looking at all objects at each of many steps would take the test's time.
        if random.next() % 16 == 0 { #expect(StoreAccounts(store.statistics, store.rows).arenaDifference == 0) }
    }

    mutating func work() {
        while !directives.isEmpty {
            let directive = directives.removeFirst()
            history.append(directive)
            switch directive {
            case .populateSlab, .releaseSlab: inFlight.append(directive)
            case .writeIndex(let entry):
                if entry.state == .retired, random.next() % 3 == 0 { shown.insert(entry.place.slot) }
            case .checkPins(let slot):
                if shown.contains(slot), random.next() % 2 == 0 { shown.remove(slot) }
                let isPinned = shown.contains(slot)
                if !isPinned { space[slot] = nil }
                store.pinsChecked(slot: slot, isPinned: isPinned, into: &directives)
            case .wake(let ticket, let result):
                guard let request = waiting.removeValue(forKey: ticket) else { Issue.record("ticket \(ticket) was answered twice"); return }
                answer(result, request.id, request.size, request.client)
            case .move, .freeSpill, .deleteSpillFile, .opened, .dropped, .lookAtPins: Issue.record("\(directive) of a store without tiers")
            }
        }
    }

    mutating func answer(_ result: CreateResult, _ id: ObjectID, _ size: Int, _ client: UInt64) {
        guard case .granted(let place) = result else { return }
        let range = place.offset..<place.offset + max(place.size, 1)
        #expect(place.size == UInt64(size) && store.geometry.contains(place))
        if let other = space.first(where: { $0.value.overlaps(range) }) { Issue.record("\(place) overlaps \(other)") }
        space[place.slot] = range
        open.append((id, client))
    }

    mutating func finish(_ directive: StoreDirective, refused: Bool) {
        switch directive {
        case .populateSlab(let slab) where refused: store.slabFailed(slab, reason: "test", into: &directives)
        case .populateSlab(let slab): store.slabReady(slab, into: &directives)
        case .releaseSlab(let slab):
            let range = store.geometry.range(ofSlab: slab)
            for used in space.values where used.overlaps(UInt64(range.lowerBound)..<UInt64(range.upperBound)) {
                Issue.record("slab \(slab) is given back under \(used)")
            }
            store.slabReleased(slab, into: &directives)
        case .writeIndex, .checkPins, .lookAtPins, .wake, .move, .freeSpill, .deleteSpillFile, .opened, .dropped: break
        }
    }

    /// With faults stopped every wait ends and everything comes back.
    mutating func drain() throws {
        while let directive = inFlight.popLast() {
            finish(directive, refused: false)
            work()
        }
        #expect(waiting.isEmpty && store.statistics.pendingCreates == 0)
        for client in 1...4 as ClosedRange<UInt64> { store.clientDied(client, into: &directives) }
        for id in sealed { store.delete(id, into: &directives) }
        work()
        shown = []
        store.sweep(into: &directives)
        work()
        let rest = store.statistics
        #expect(rest.objects == 0 && rest.usedBytes == 0 && rest.retiredObjects == 0 && rest.requestedBytes == 0)
        #expect(rest.freeBytes == rest.slabsReady * store.geometry.slabSize)
        #expect(space.isEmpty)
    }

    private mutating func take<Item>(_ items: WritableKeyPath<Simulation, [Item]>) -> Item? {
        self[keyPath: items].isEmpty ? nil : self[keyPath: items].remove(at: Int(random.next() % UInt64(self[keyPath: items].count)))
    }
}
