import RayflowCore
import Testing

@testable import ObjectStore

@Suite struct WriteViewTests {
    private func slab(_ number: Int) -> Range<Int> { number << 20..<(number << 20) + 4096 }

    @Test("space is at the same address for each put, and objects of several slabs lie in one piece")
    func addresses() throws {
        let view = try Arena.small().writing
        let middle = try view.open(slab(1))
        let wide = try view.open(slab(0).lowerBound..<slab(3).upperBound)
        #expect(wide + (1 << 20) == middle && view.openSlabs == [0, 1, 2, 3])
        wide.storeBytes(of: 7, as: UInt8.self)
        view.close(slab(0).lowerBound..<slab(3).upperBound)
        #expect(try view.open(slab(0)) == wide && wide.load(as: UInt8.self) == 7)
    }

    @Test("beyond the limit the slabs that were not written to for longest are closed, never those under a window")
    func limits() throws {
        let view = try Arena.small(slabs: 6).writing
        for number in [0, 1, 2, 3] { _ = try view.open(slab(number)) }
        for number in [1, 2, 3] { view.close(slab(number)) }
        #expect(view.openSlabs == [0, 2, 3])
        _ = try view.open(slab(2))
        view.close(slab(2))
        _ = try view.open(slab(5))
        view.close(slab(5))
        #expect(view.openSlabs == [0, 2, 5])
        for number in [3, 4] { _ = try view.open(slab(number)) }
        view.close(slab(0))
        #expect(view.openSlabs == [3, 4, 5])
    }

    @Test("data written to an open slab after it was given back and populated again is there")
    func populatedAgain() throws {
        let ready = try ReadyStore(try Arena.small(slabs: 1))
        for round in 1...3 as ClosedRange<UInt8> {
            let place = try ready.put(object(UInt64(round)), size: 500_000, fill: round)
            #expect(try ready.store.arena.view(place).allSatisfy { $0 == round })
            try ready.delete(object(UInt64(round)))
            for _ in 0...StoreLimits.idleSlabTicks { try ready.tick() }
            #expect(ready.store.statistics.slabsReady == 0)
        }
    }

    @Test("threads that put at the same time, across the same slabs, each find their own bytes")
    func threads() async throws {
        let arena = try Arena.small(slabs: 8)
        for slab in 0..<8 { try arena.populate(slab: slab) }
        try await withThrowingTaskGroup { group in
            for writer in 0..<4 as Range<UInt64> {
                group.addTask {
                    for turn in 0..<500 as Range<UInt64> {
                        let mark = UInt8(truncatingIfNeeded: writer &+ turn)
                        // Two thirds of a slab, often on both sides of a border.
                        let place = ObjectPlace(slot: 0, generation: 2, offset: (writer * 2 + turn % 2) * 700_416, size: 700_000)
                        try arena.write(place) { memory in
                            for at in stride(from: 0, to: memory.count, by: 4096) { memory[at] = mark }
                        }
                        let view = try arena.view(place)
                        let isRight = stride(from: 0, to: view.count, by: 4096).allSatisfy { view[$0] == mark }
                        guard isRight else { throw UnexpectedResult() }
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
