import Glibc
import Testing

@testable import ObjectStore

@Suite struct ExtentAllocatorTests {
    private static let slabSize = 256 << 10
    private static let slabs = 16
    private static let granules = slabSize / 64 * slabs

    @Test("the slabs start without pages and nothing can be had")
    func startsAbsent() {
        var allocator = ExtentAllocator(slabSize: Self.slabSize, slabCount: Self.slabs)
        #expect(allocator.allocate(size: 1, alignment: 1) == nil)
        #expect(allocator.plan(size: 1, alignment: 1) == [0])
        #expect(allocator.plan(size: Self.granules, alignment: 64) == Array(0..<Self.slabs))
        #expect(allocator.plan(size: Self.granules + 1, alignment: 1) == nil)
    }

    @Test("a plan takes the fewest slabs beside what is free already")
    func planUsesFreeNeighbours() throws {
        var allocator = ExtentAllocator(slabSize: Self.slabSize, slabCount: 4)
        allocator.populate(slab: 0)
        let per = allocator.granulesPerSlab
        let first = try allocator.take(size: per / 2, alignment: 64)
        #expect(allocator.plan(size: per + per / 2, alignment: 64) == [1])
        allocator.populate(slab: 1)
        let long = try allocator.take(size: per + per / 2, alignment: 64)
        #expect(allocator.extents[long].offset == per / 2, "an object may lie across slabs")
        allocator.free(first)
        allocator.free(long)
        #expect(allocator.inOrder.map(\.size) == [2 * per, 2 * per])
    }

    @Test("idle slabs are the highest ones and become absent again")
    func withdraws() throws {
        var allocator = ExtentAllocator(slabSize: Self.slabSize, slabCount: 4)
        for slab in 0..<4 { allocator.populate(slab: slab) }
        let taken = try allocator.take(size: 1, alignment: 1)
        var gone: [Int] = []
        while let idle = allocator.idleSlab() {
            allocator.withdraw(slab: idle.slab, from: idle.node)
            gone.append(idle.slab)
        }
        #expect(gone == [3, 2, 1])
        allocator.free(taken)
        #expect(allocator.idleSlab()?.slab == 0)
    }

    @Test("the last extent of a crowded class that fits is found")
    func exhaustiveSearch() throws {
        var allocator = ExtentAllocator(slabSize: Self.slabSize, slabCount: 1)
        allocator.populate(slab: 0)
        // 100 to 103 granules are one class.
        let sizes = [103] + [Int](repeating: 100, count: 20)
        var gaps: [Int] = []
        for size in sizes {
            gaps.append(try allocator.take(size: size, alignment: 1))
            _ = try allocator.take(size: 1, alignment: 1)
        }
        _ = try allocator.take(size: allocator.freeGranules, alignment: 1)
        for gap in gaps { allocator.free(gap) }
        let found = try allocator.take(size: 103, alignment: 1)
        #expect(allocator.extents[found].offset == 0)
        #expect(allocator.allocate(size: 101, alignment: 1) == nil)
        #expect(allocator.largestFree == 100)
    }

    /// Of each seed; `RAYFLOW_FUZZ_OPERATIONS=10000000` is the full run.
    private static let operations = getenv("RAYFLOW_FUZZ_OPERATIONS").flatMap { Int(String(cString: $0)) } ?? 70_000

    @Test("any number of operations never overlap, conserve their sums, and coalesce to nothing", arguments: [1, 2, 3] as [UInt64])
    func fuzz(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        var allocator = ExtentAllocator(slabSize: Self.slabSize, slabCount: Self.slabs)
        var ready = Set<Int>()
        // Live extents by offset; neighbours in this order are all that can overlap.
        var live: [(offset: Int, size: Int, node: Int)] = []
        var used = 0

        for step in 0..<Self.operations {
            switch random.next() % 100 {
            case 0:
                if let slab = (0..<Self.slabs).first(where: { !ready.contains($0) }) {
                    allocator.populate(slab: slab)
                    ready.insert(slab)
                }
            case 1:
                if let idle = allocator.idleSlab() {
                    allocator.withdraw(slab: idle.slab, from: idle.node)
                    #expect(ready.remove(idle.slab) != nil)
                }
            case 2..<53:
                let (size, alignment) = StoreInstance.reservation(for: Int(random.next() % (1 << (6 + random.next() % 14))))
                guard let node = allocator.allocate(size: size, alignment: alignment) else {
                    // The truth by brute force takes long.
                    guard Self.operations <= 100_000 || step % 64 == 0 else { continue }
                    #expect(
                        !hasRoom(live, ready, size, alignment, allocator.granulesPerSlab), "step \(step): room for \(size) was not found")
                    continue
                }
                let offset = allocator.extents[node].offset
                guard offset % alignment == 0, allocator.extents[node].size == size else { throw Broken("step \(step): misplaced") }
                let at = live.firstIndex { $0.offset > offset } ?? live.count
                if at > 0, live[at - 1].offset + live[at - 1].size > offset { throw Broken("step \(step): overlap below") }
                if at < live.count, offset + size > live[at].offset { throw Broken("step \(step): overlap above") }
                for slab in offset / allocator.granulesPerSlab...(offset + size - 1) / allocator.granulesPerSlab
                where !ready.contains(slab) {
                    throw Broken("step \(step): in slab \(slab) without pages")
                }
                live.insert((offset, size, node), at: at)
                used += size
            case 53..<56 where !live.isEmpty:
                let index = Int(random.next() % UInt64(live.count))
                let size = 1 + Int(random.next() % UInt64(live[index].size))
                allocator.shrink(live[index].node, to: size)
                used -= live[index].size - size
                live[index].size = size
            default:
                guard !live.isEmpty else { continue }
                let gone = live.remove(at: Int(random.next() % UInt64(live.count)))
                allocator.free(gone.node)
                used -= gone.size
            }
            guard allocator.usedGranules == used,
                allocator.usedGranules + allocator.freeGranules == ready.count * allocator.granulesPerSlab
            else { throw Broken("step \(step): sums differ") }
            if step % 1000 == 0 { try checkChain(allocator) }
        }
        for extent in live { allocator.free(extent.node) }
        try checkChain(allocator)
        while let idle = allocator.idleSlab() { allocator.withdraw(slab: idle.slab, from: idle.node) }
        #expect(allocator.inOrder.map(\.size) == [Self.granules])
        #expect(allocator.inOrder.map(\.kind) == [.absent])
    }

    /// Extents cover everything in order; neighbours of a kind are joined.
    private func checkChain(_ allocator: ExtentAllocator) throws {
        let chain = allocator.inOrder
        var end = 0
        var last: Extent.Kind?
        for extent in chain {
            try #require(extent.offset == end && extent.size > 0)
            try #require(extent.kind == .used || extent.kind != last)
            (end, last) = (extent.end, extent.kind)
        }
        try #require(end == Self.granules)
    }

    /// The truth by brute force: is there a stretch between the live extents, in slabs with pages?
    private func hasRoom(
        _ live: [(offset: Int, size: Int, node: Int)], _ ready: Set<Int>, _ size: Int, _ alignment: Int, _ per: Int
    ) -> Bool {
        var stops = live.map { ($0.offset, $0.offset + $0.size) }
        stops += (0..<Self.slabs).filter { !ready.contains($0) }.map { ($0 * per, ($0 + 1) * per) }
        stops.sort { $0.0 < $1.0 }
        stops.append((Self.granules, Self.granules))
        var end = 0
        for (start, next) in stops {
            if (end + alignment - 1) / alignment * alignment + size <= start { return true }
            end = max(end, next)
        }
        return false
    }
}

private struct Broken: Error {
    let what: String
    init(_ what: String) { self.what = what }
}

extension ExtentAllocator {
    fileprivate mutating func take(size: Int, alignment: Int) throws -> Int {
        guard let node = allocate(size: size, alignment: alignment) else { throw Broken("no room for \(size)") }
        return node
    }
}
