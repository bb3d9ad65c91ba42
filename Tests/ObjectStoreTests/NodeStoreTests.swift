import RayflowCore
import Testing

@testable import ObjectStore

@Suite struct NodeStoreTests {
    @Test("deleted space is reused at once when nobody reads it")
    func reuse() throws {
        let ready = try ReadyStore(try Arena.small(slabs: 1))
        for id in 1...20 as ClosedRange<UInt64> {
            let place = try ready.put(object(id), size: 900_000, fill: UInt8(id))
            #expect(try ready.store.arena.view(place)[899_999] == UInt8(id))
            try ready.delete(object(id))
        }
        #expect(ready.store.statistics.usedBytes == 0)
    }

    @Test("a pin page holds deleted space until the reader lets go")
    func pinPageHolds() throws {
        let ready = try ReadyStore(try Arena.small(slabs: 1))
        let page = try PinPage(ready.store.arena, process: try ready.store.assignProcess(to: 9))
        let place = try ready.put(object(1), size: 900_000, fill: 1)
        #expect(page.pin(place))
        try ready.delete(object(1))
        guard case .full(let report) = try ready.create(object(2), size: 900_000) else { throw UnexpectedResult() }
        #expect(report.statistics.retiredObjects == 1)
        #expect(try ready.store.arena.view(place)[0] == 1)
        page.unpin(place)
        // A full store looks again before it says so.
        guard case .granted = try ready.create(object(2), size: 900_000) else { throw UnexpectedResult() }
    }

    @Test("the timer finds readers that are done")
    func tick() throws {
        let ready = try ReadyStore(try Arena.small())
        let page = try PinPage(ready.store.arena, process: try ready.store.assignProcess(to: 9))
        let places = try (1...5).map { try ready.put(object($0), size: 1000, fill: 1) }
        for (index, place) in places.enumerated() {
            #expect(page.pin(place))
            try ready.delete(object(UInt64(index + 1)))
        }
        for place in places[..<3] { page.unpin(place) }
        try ready.tick()
        #expect(ready.store.statistics.retiredObjects == 2)
        for place in places[3...] { page.unpin(place) }
        // The space comes back after the first one.
        for _ in 0...StoreLimits.idleSlabTicks + 1 { try ready.tick() }
        let rest = ready.store.statistics
        #expect(rest.retiredObjects == 0 && rest.usedBytes == 0 && rest.slabsReady == 0)
    }

    @Test("who reads by page is in the report of a full store, in the rows, and gone with its process")
    func readersAreNamed() throws {
        let ready = try ReadyStore(try Arena.small(slabs: 1))
        let page = try PinPage(ready.store.arena, process: try ready.store.assignProcess(to: 9))
        let place = try ready.put(object(1), size: 500_000, fill: 1)
        let other = try ready.put(object(2), size: 400_000, fill: 1)
        #expect(page.pin(object(1)) == place && page.pin(object(2)) == other)
        #expect(ready.store.snapshot.rows.map(\.pins) == [1, 1])
        try ready.delete(object(2))
        guard case .full(let report) = try ready.create(object(3), size: 900_000) else { throw UnexpectedResult() }
        // What is deleted counts with what is reserved for it.
        #expect(report.holders.map(\.client) == [9] && report.holders[0].pinnedBytes == 500_000 + 401_408)
        try ready.clientDied(9)
        #expect(ready.store.snapshot.rows.map(\.pins) == [0])
        guard case .full(let later) = try ready.create(object(3), size: 900_000) else { throw UnexpectedResult() }
        #expect(later.holders.map(\.client) == [1] && later.holders[0].madeBytes == 500_000)
    }

    @Test("an object is found by its ID from its seal to its deletion, wherever its slot was used before")
    func byID() throws {
        let ready = try ReadyStore(try Arena.small(slabs: 1))
        let page = try PinPage(ready.store.arena, process: try ready.store.assignProcess(to: 9))
        for id in 1...2000 as ClosedRange<UInt64> {
            guard case .granted = try ready.create(object(id), size: 100) else { throw UnexpectedResult() }
            #expect(page.pin(object(id)) == nil)
            let place = try ready.seal(object(id))
            #expect(page.pin(object(id)) == place)
            page.unpin(place)
            if id > 300 {
                try ready.delete(object(id - 300))
                #expect(page.pin(object(id - 300)) == nil)
            }
        }
        let found = (1...2000 as ClosedRange<UInt64>).filter { page.pin(object($0)) != nil }
        #expect(found == Array(1701...2000))
    }

    @Test("an object that was used by page is not the next to move down")
    func useCounts() throws {
        var rules = TierRules()
        rules.spillBytes = 0
        let ready = try ReadyStore(try Arena.small(slabs: 1), rules: rules)
        let page = try PinPage(ready.store.arena, process: try ready.store.assignProcess(to: 9))
        for id in 1...3 as ClosedRange<UInt64> { _ = try ready.put(object(id), size: 200_000, fill: UInt8(id)) }
        guard let used = page.pin(object(1)), let read = page.pin(object(2)) else { throw UnexpectedResult() }
        page.unpin(used)
        try ready.tick()
        _ = try ready.put(object(4), size: 240_000, fill: 4)
        let tiers = Dictionary(uniqueKeysWithValues: ready.store.snapshot.rows.map { ($0.object, $0.tier) })
        #expect(tiers == [object(1): .hot, object(2): .hot, object(3): .warm, object(4): .hot])
        #expect(page.pin(object(3)) == nil)
        page.unpin(read)
        guard case .pinned(let back) = try ready.open(object(3)) else { throw UnexpectedResult() }
        #expect(page.pin(object(3)) == back)
        #expect(try ready.store.arena.view(back).allSatisfy { $0 == 3 })
    }

    @Test("a dead client's pin page is cleaned and given to the next")
    func clientDies() throws {
        let ready = try ReadyStore(try Arena.small())
        let process = try ready.store.assignProcess(to: 9)
        #expect(try ready.store.assignProcess(to: 9) == process)
        let place = try ready.put(object(1), size: 1000, fill: 1)
        #expect(try PinPage(ready.store.arena, process: process).pin(place))
        try ready.delete(object(1))
        #expect(ready.store.statistics.retiredObjects == 1)
        try ready.clientDied(9)
        #expect(ready.store.statistics.retiredObjects == 0)
        #expect(try ready.store.assignProcess(to: 10) == process)
    }

    @Test("memory that cannot be had is a typed error that says so")
    func refused() throws {
        let geometry = try ArenaGeometry(slabSize: 1 << 20, slabCount: 2)
        let arena = try Arena.create(geometry: geometry, nonce: .random(), probe: .fixed(total: 1 << 30, available: 1 << 20))
        let store = try NodeStore(arena)
        var directives: [StoreDirective] = []
        let result = try store.create(object(1), size: 200_000, client: 1, into: &directives)
        #expect(result == .pending(ticket: 1) && directives == [.populateSlab(0)])
        directives = []
        do throws(ArenaError) {
            try arena.populate(slab: 0)
            Issue.record("a slab of 1 MiB came out of nothing")
        } catch {
            store.slabFailed(0, error, into: &directives)
        }
        guard case .wake(1, .full(let report))? = directives.first else { throw UnexpectedResult() }
        #expect(report.description.contains("it could not grow (1048576 more bytes of shared memory are needed"))
    }
}
