import RayflowCore
import Testing

@testable import ObjectStore

@Suite struct StoreInstanceTests {
    /// Slabs of 1 MiB.
    private func make(slabs: Int = 4, slots: Int = 64) throws -> StoreInstance {
        StoreInstance(geometry: try ArenaGeometry(slabSize: 1 << 20, slabCount: slabs, slotCount: slots, processCount: 4))
    }

    /// Carries directives out as the shell does; `pinned` slots stay pinned.
    @discardableResult
    private func settle(
        _ store: inout StoreInstance, _ directives: inout [StoreDirective], pinned: Set<UInt32> = [], refuse: Set<Int> = []
    ) -> [StoreDirective] {
        var done: [StoreDirective] = []
        while !directives.isEmpty {
            let directive = directives.removeFirst()
            done.append(directive)
            switch directive {
            case .populateSlab(let slab) where refuse.contains(slab): store.slabFailed(slab, reason: "no memory", into: &directives)
            case .populateSlab(let slab): store.slabReady(slab, into: &directives)
            case .releaseSlab(let slab): store.slabReleased(slab, into: &directives)
            case .checkPins(let slot): store.pinsChecked(slot: slot, isPinned: pinned.contains(slot), into: &directives)
            case .writeIndex, .lookAtPins, .wake, .move, .freeSpill, .deleteSpillFile, .opened, .dropped: break
            }
        }
        return done
    }

    private func granted(_ store: inout StoreInstance, _ id: UInt64, _ size: Int, client: UInt64 = 1) throws -> ObjectPlace {
        var directives: [StoreDirective] = []
        let result = try store.create(object(id), size: size, client: client, into: &directives)
        let done = settle(&store, &directives)
        if case .granted(let place) = result { return place }
        guard case .pending(let ticket) = result else { throw UnexpectedResult() }
        for case .wake(ticket, .granted(let place)) in done { return place }
        throw UnexpectedResult()
    }

    @Test("the first object waits for the first slab, which is announced once")
    func firstSlab() throws {
        var store = try make()
        var directives: [StoreDirective] = []
        let first = try store.create(object(1), size: 200_000, client: 1, into: &directives)
        let second = try store.create(object(2), size: 200_000, client: 2, into: &directives)
        #expect(first == .pending(ticket: 1) && second == .pending(ticket: 2))
        #expect(directives == [.populateSlab(0)])
        #expect(store.statistics.pendingCreates == 2)
        let woken = settle(&store, &directives).compactMap { if case .wake(let ticket, .granted) = $0 { ticket } else { nil } }
        #expect(woken == [1, 2])
    }

    @Test("an object can be looked up from its seal to its deletion")
    func lifetime() throws {
        var store = try make()
        var directives: [StoreDirective] = []
        let place = try granted(&store, 1, 1000)
        #expect(store.lookup(object(1)) == nil)
        #expect(try store.seal(object(1), client: 1, into: &directives) == place)
        #expect(directives == [.writeIndex(IndexEntry(object: object(1), place: place, state: .sealed))])
        #expect(store.lookup(object(1)) == place)
        let before = store.statistics
        #expect(before.objects == 1 && before.sealedObjects == 1 && before.requestedBytes == 1000 && before.usedBytes == 1024)
        directives = []
        #expect(store.delete(object(1), into: &directives))
        #expect(store.lookup(object(1)) == nil)
        #expect(store.statistics.retiredObjects == 1 && store.statistics.usedBytes == 1024)
        settle(&store, &directives)
        let after = store.statistics
        #expect(after.objects == 0 && after.usedBytes == 0 && after.retiredBytes == 0 && after.requestedBytes == 0)
        #expect(!store.delete(object(1), into: &directives))
    }

    @Test("a slot is published under a new generation each time, and retired before its space is looked at")
    func generations() throws {
        var store = try make()
        var directives: [StoreDirective] = []
        let first = try granted(&store, 1, 100)
        _ = try store.seal(object(1), client: 1, into: &directives)
        directives = []
        store.delete(object(1), into: &directives)
        let mark = ObjectPlace(slot: first.slot, generation: first.generation + 2, offset: 0, size: 0)
        #expect(directives == [.writeIndex(IndexEntry(object: object(1), place: mark, state: .retired)), .checkPins(slot: first.slot)])
        settle(&store, &directives)
        let second = try granted(&store, 2, 100)
        #expect(second.slot == first.slot && second.generation == first.generation + 4)
    }

    @Test("space that a pin page shows is not reused until a later look finds it free")
    func pinnedSpaceStays() throws {
        var store = try make(slabs: 1)
        var directives: [StoreDirective] = []
        let place = try granted(&store, 1, 900_000)
        _ = try store.seal(object(1), client: 1, into: &directives)
        store.delete(object(1), into: &directives)
        settle(&store, &directives, pinned: [place.slot])
        guard case .full(let report) = try store.create(object(2), size: 900_000, client: 1, into: &directives) else {
            throw UnexpectedResult()
        }
        #expect(report.statistics.retiredBytes == 901_120)
        #expect(report.description.contains("deleted but still read"))
        store.tick(into: &directives)
        settle(&store, &directives)
        _ = try granted(&store, 2, 900_000)
    }

    @Test("a deletion waits for the last pin by message")
    func deferredDeletion() throws {
        var store = try make()
        var directives: [StoreDirective] = []
        let place = try granted(&store, 1, 100)
        #expect(throws: StoreFault.notSealed(object(1))) { try store.pin(object(1), client: 2) }
        _ = try store.seal(object(1), client: 1, into: &directives)
        for client in [2, 2, 3] as [UInt64] { #expect(try store.pin(object(1), client: client) == place) }
        directives = []
        store.delete(object(1), into: &directives)
        try store.unpin(object(1), client: 2, into: &directives)
        try store.unpin(object(1), client: 3, into: &directives)
        #expect(directives.isEmpty)
        #expect(throws: StoreFault.noSuchObject(object(1))) { try store.pin(object(1), client: 3) }
        #expect(throws: StoreFault.notPinned(object(1), client: 3)) { try store.unpin(object(1), client: 3, into: &directives) }
        try store.unpin(object(1), client: 2, into: &directives)
        settle(&store, &directives)
        #expect(store.statistics.usedBytes == 0)
    }

    @Test("a deletion waits for the writer")
    func deletionOfOpenObject() throws {
        var store = try make()
        var directives: [StoreDirective] = []
        _ = try granted(&store, 1, 100)
        store.delete(object(1), into: &directives)
        #expect(directives.isEmpty)
        _ = try store.seal(object(1), client: 1, into: &directives)
        settle(&store, &directives)
        #expect(store.statistics.objects == 0 && store.statistics.usedBytes == 0)
    }

    @Test("creating what exists says so, and brings a deleted object back")
    func exists() throws {
        var store = try make()
        var directives: [StoreDirective] = []
        let place = try granted(&store, 1, 100)
        #expect(try store.create(object(1), size: 100, client: 2, into: &directives) == .exists(isSealed: false))
        _ = try store.seal(object(1), client: 1, into: &directives)
        _ = try store.pin(object(1), client: 3)
        store.delete(object(1), into: &directives)
        #expect(try store.create(object(1), size: 100, client: 2, into: &directives) == .exists(isSealed: true))
        try store.unpin(object(1), client: 3, into: &directives)
        #expect(store.lookup(object(1)) == place)
    }

    @Test("only the creator seals or aborts, once")
    func faults() throws {
        var store = try make()
        var directives: [StoreDirective] = []
        _ = try granted(&store, 1, 100)
        #expect(throws: StoreFault.notItsCreator(object(1), client: 2)) { try store.seal(object(1), client: 2, into: &directives) }
        #expect(throws: StoreFault.noSuchObject(object(2))) { try store.abort(object(2), client: 1, into: &directives) }
        #expect(throws: StoreFault.badSize(101)) { try store.seal(object(1), size: 101, client: 1, into: &directives) }
        #expect(throws: StoreFault.badSize(-1)) { try store.create(object(3), size: -1, client: 1, into: &directives) }
        _ = try store.seal(object(1), client: 1, into: &directives)
        #expect(throws: StoreFault.alreadySealed(object(1))) { try store.abort(object(1), client: 1, into: &directives) }
        #expect(throws: StoreFault.alreadySealed(object(1))) { try store.seal(object(1), client: 1, into: &directives) }
    }

    @Test("what a writer does not need is free after the seal")
    func trimming() throws {
        var store = try make()
        var directives: [StoreDirective] = []
        let place = try granted(&store, 1, 500_000)
        let sealed = try store.seal(object(1), size: 70_000, client: 1, into: &directives)
        #expect(sealed.offset == place.offset && sealed.size == 70_000 && sealed.generation == place.generation)
        #expect(store.statistics.usedBytes == 73_728 && store.statistics.requestedBytes == 70_000)
    }

    @Test("a dead client's unsealed objects, pins and requests are gone")
    func clientDies() throws {
        var store = try make(slabs: 2)
        var directives: [StoreDirective] = []
        _ = try granted(&store, 1, 100)
        _ = try granted(&store, 2, 100, client: 2)
        _ = try store.seal(object(1), client: 1, into: &directives)
        _ = try store.pin(object(1), client: 2)
        _ = try store.pin(object(1), client: 2)
        store.delete(object(1), into: &directives)
        settle(&store, &directives)
        let pending = try store.create(object(3), size: 1 << 20, client: 2, into: &directives)
        #expect(pending == .pending(ticket: 2))
        store.clientDied(2, into: &directives)
        let done = settle(&store, &directives)
        #expect(!done.contains { if case .wake = $0 { true } else { false } })
        #expect(store.statistics.objects == 0 && store.statistics.usedBytes == 0)
    }

    @Test("an object larger than a slab takes neighbours, all or none")
    func largeObject() throws {
        var store = try make()
        var directives: [StoreDirective] = []
        let result = try store.create(object(1), size: 5 << 19, client: 1, into: &directives)
        #expect(result == .pending(ticket: 1))
        #expect(directives == [.populateSlab(0), .populateSlab(1), .populateSlab(2)])
        directives = []
        store.slabReady(1, into: &directives)
        store.slabReady(0, into: &directives)
        // What has come so far is kept for the one who waits.
        #expect(try store.create(object(2), size: 100, client: 1, into: &directives) == .pending(ticket: 2))
        #expect(directives.isEmpty)
        store.slabReady(2, into: &directives)
        guard case .wake(1, .granted(let place))? = directives.first(where: { if case .wake = $0 { true } else { false } }) else {
            throw UnexpectedResult()
        }
        #expect(place.offset == 0 && place.size == 5 << 19)
    }

    @Test("a slab that cannot be had is a typed error for those who need it")
    func refusedSlab() throws {
        var store = try make()
        var directives: [StoreDirective] = []
        _ = try store.create(object(1), size: 3 << 19, client: 1, into: &directives)
        _ = try store.create(object(2), size: 100, client: 2, into: &directives)
        let done = settle(&store, &directives, refuse: [1])
        var answers: [UInt64: CreateResult] = [:]
        for case .wake(let ticket, let result) in done { answers[ticket] = result }
        guard case .full(let report)? = answers[1], case .granted? = answers[2] else { throw UnexpectedResult() }
        #expect(report.reason == .slabRefused("no memory"))
        #expect(store.statistics.slabsReady == 1)
    }

    @Test("growing ahead of need is not repeated after a refusal")
    func refusedHeadroom() throws {
        var store = try make()
        var directives: [StoreDirective] = []
        _ = try store.create(object(1), size: 600_000, client: 1, into: &directives)
        let done = settle(&store, &directives, refuse: [1])
        #expect(done.contains(.populateSlab(1)))
        _ = try store.create(object(2), size: 1000, client: 1, into: &directives)
        #expect(!directives.contains(.populateSlab(1)))
    }

    @Test("a full store says why and who holds what")
    func fullReport() throws {
        var store = try make(slabs: 2)
        var directives: [StoreDirective] = []
        _ = try granted(&store, 1, 800_000, client: 5)
        _ = try granted(&store, 2, 700_000, client: 6)
        _ = try store.seal(object(1), client: 5, into: &directives)
        _ = try store.pin(object(1), client: 7)
        guard case .full(let report) = try store.create(object(3), size: 800_000, client: 1, into: &directives) else {
            throw UnexpectedResult()
        }
        #expect(report.reason == .noSpace && report.requestedBytes == 800_000)
        #expect(report.holders.map(\.client) == [7, 6])
        #expect(report.holders.map(\.pinnedBytes) == [800_000, 0] && report.holders.map(\.unsealedBytes) == [0, 700_000])
        #expect(report.description.contains("process-0000000000000007 has 781.3 KiB pinned"))
        guard case .full(let tooLarge) = try store.create(object(3), size: 3 << 20, client: 1, into: &directives) else {
            throw UnexpectedResult()
        }
        #expect(tooLarge.reason == .tooLarge)
    }

    @Test("an index without a free slot is a typed error")
    func noSlot() throws {
        var store = try make(slots: 2)
        var directives: [StoreDirective] = []
        _ = try granted(&store, 1, 10)
        _ = try granted(&store, 2, 10)
        guard case .full(let report) = try store.create(object(3), size: 10, client: 1, into: &directives) else { throw UnexpectedResult() }
        #expect(report.reason == .noSlot)
    }

    @Test("slabs that were not needed for a while are given back, but for one while objects are created")
    func idleSlabs() throws {
        var store = try make()
        var directives: [StoreDirective] = []
        for id in 1...3 as ClosedRange<UInt64> { _ = try granted(&store, id, 1 << 20) }
        for id in 1...3 as ClosedRange<UInt64> { try store.abort(object(id), client: 1, into: &directives) }
        settle(&store, &directives)
        #expect(store.statistics.slabsReady == 4)
        for tick in 0...StoreLimits.idleSlabTicks {
            _ = try granted(&store, 9, 100)
            try store.abort(object(9), client: 1, into: &directives)
            settle(&store, &directives)
            store.tick(into: &directives)
            #expect(directives == (tick < StoreLimits.idleSlabTicks ? [] : [.releaseSlab(3), .releaseSlab(2)]))
        }
        settle(&store, &directives)
        store.tick(into: &directives)
        #expect(directives == [.releaseSlab(1)])
        settle(&store, &directives)
        for _ in 0..<StoreLimits.idleSlabTicks { store.tick(into: &directives) }
        #expect(directives == [.releaseSlab(0)])
        settle(&store, &directives)
        #expect(store.statistics.slabsReady == 0 && store.statistics.freeBytes == 0)
    }

    @Test("a large object that is put again and again keeps its slabs, whenever the timer comes")
    func putsKeepSlabs() throws {
        var store = try make()
        var directives: [StoreDirective] = []
        for id in 1...30 as ClosedRange<UInt64> {
            _ = try granted(&store, id, 3 << 20)
            try store.abort(object(id), client: 1, into: &directives)
            settle(&store, &directives)
            store.tick(into: &directives)
            #expect(directives.isEmpty && store.statistics.slabsReady == 4)
        }
    }

    @Test("a request made while a slab is given back waits and is served")
    func createDuringRelease() throws {
        var store = try make(slabs: 1)
        var directives: [StoreDirective] = []
        _ = try granted(&store, 1, 100)
        try store.abort(object(1), client: 1, into: &directives)
        settle(&store, &directives)
        for _ in 0...StoreLimits.idleSlabTicks { store.tick(into: &directives) }
        #expect(directives == [.releaseSlab(0)])
        directives = []
        let result = try store.create(object(2), size: 100, client: 1, into: &directives)
        guard case .pending(let ticket) = result else { throw UnexpectedResult() }
        store.slabReleased(0, into: &directives)
        #expect(directives == [.populateSlab(0)])
        let done = settle(&store, &directives)
        #expect(done.contains { if case .wake(ticket, .granted) = $0 { true } else { false } })
    }

    @Test("an aborted request is not answered")
    func abortPending() throws {
        var store = try make()
        var directives: [StoreDirective] = []
        _ = try store.create(object(1), size: 100, client: 1, into: &directives)
        try store.abort(object(1), client: 1, into: &directives)
        let done = settle(&store, &directives)
        #expect(done == [.populateSlab(0)])
    }

    @Test("late and foreign answers about slabs change nothing")
    func strayAnswers() throws {
        var store = try make()
        var directives: [StoreDirective] = []
        _ = try granted(&store, 1, 100)
        let before = store.statistics
        for slab in [-1, 0, 2, 99] {
            store.slabReady(slab, into: &directives)
            store.slabFailed(slab, reason: "late", into: &directives)
            store.slabReleased(slab, into: &directives)
        }
        store.pinsChecked(slot: 40, isPinned: false, into: &directives)
        #expect(directives.isEmpty && store.statistics == before)
    }
}
