import Testing

@testable import ObjectStore

@Suite struct WindowCacheTests {
    private func pages(_ range: Range<Int>) -> Range<Int> { range.lowerBound * 4096..<range.upperBound * 4096 }

    @Test("space that was written before is not mapped again")
    func reuse() throws {
        let arena = try Arena.small()
        let (first, _) = try arena.windows.mapping(of: arena.data, covering: pages(10..<20))
        let (same, start) = try arena.windows.mapping(of: arena.data, covering: pages(12..<15))
        #expect(first === same && start == 10 * 4096)
        let (other, _) = try arena.windows.mapping(of: arena.data, covering: pages(15..<21))
        #expect(first !== other)
    }

    @Test("a larger mapping takes the place of those within it, and the oldest goes")
    func limits() throws {
        let arena = try Arena.small()
        for page in 0..<StoreLimits.keptWindows { _ = try arena.windows.mapping(of: arena.data, covering: pages(page..<page + 1)) }
        #expect(arena.windows.ranges.count == StoreLimits.keptWindows)
        _ = try arena.windows.mapping(of: arena.data, covering: pages(0..<1))
        _ = try arena.windows.mapping(of: arena.data, covering: pages(90..<91))
        #expect(arena.windows.ranges.first == pages(2..<3) && arena.windows.ranges.contains(pages(0..<1)))
        _ = try arena.windows.mapping(of: arena.data, covering: pages(0..<100))
        #expect(arena.windows.ranges == [pages(0..<100)])
    }

    @Test("data written through a kept mapping after its slab was given back and populated again is there")
    func populatedAgain() throws {
        let ready = try ReadyStore(try Arena.small(slabs: 1))
        for round in 1...3 as ClosedRange<UInt8> {
            let place = try ready.put(object(UInt64(round)), size: 500_000, fill: round)
            #expect(try ready.store.arena.view(place).allSatisfy { $0 == round })
            try ready.delete(object(UInt64(round)))
            try ready.tick()
            try ready.tick()
            #expect(ready.store.statistics.slabsReady == 0)
        }
    }
}
