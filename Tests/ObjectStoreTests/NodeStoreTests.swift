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
        try ready.tick()
        try ready.tick()
        let rest = ready.store.statistics
        #expect(rest.retiredObjects == 0 && rest.usedBytes == 0 && rest.slabsReady == 0)
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
