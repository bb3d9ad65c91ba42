/// Divides the arena's address space: good fit over segregated free lists, immediate coalescing, constant time but for a last search.
///
/// Units are granules (64 bytes). Extents cover the whole address space without gap or overlap; two neighbours are never both free
/// nor both absent. Absent space becomes free slab by slab and may become absent again, which is how idle slabs are given back.
struct ExtentAllocator {
    let granulesPerSlab: Int
    let slabCount: Int
    private(set) var usedGranules = 0
    private(set) var freeGranules = 0
    private var leastFreeGranules = 0

    var extents: [Extent] = []
    private var spareNodes: [Int] = []
    /// Head of the list of each size class, -1 when empty, and a bit for each class that is not.
    private var heads = [Int](repeating: -1, count: SizeClass.count)
    private var occupied = [UInt64](repeating: 0, count: SizeClass.count / 64)
    private(set) var absentHead = -1

    init(slabSize: Int, slabCount: Int) {
        precondition(slabSize % StoreLimits.pageSize == 0 && slabCount > 0, "slabs of \(slabSize) bytes, \(slabCount) of them")
        granulesPerSlab = slabSize / StoreLimits.granule
        self.slabCount = slabCount
        let whole = makeNode(Extent(offset: 0, size: granulesPerSlab * slabCount, kind: .absent))
        insert(whole)
    }

    /// Takes `size` granules whose offset is a multiple of `alignment`, or nil when no free extent holds them.
    mutating func allocate(size: Int, alignment: Int) -> Int? {
        precondition(size > 0 && alignment > 0)
        guard let node = search(size: size, alignment: alignment) else { return nil }
        remove(node)
        let start = Self.alignUp(extents[node].offset, alignment)
        var taken = node
        if start > extents[node].offset {
            taken = split(node, at: start)
            insert(node)
        }
        if extents[taken].size > size { insert(split(taken, at: start + size)) }
        extents[taken].kind = .used
        usedGranules += size
        leastFreeGranules = min(leastFreeGranules, freeGranules)
        return taken
    }

    /// The fewest granules that were free at a time since the last call.
    mutating func takeLeastFree() -> Int {
        defer { leastFreeGranules = freeGranules }
        return min(leastFreeGranules, freeGranules)
    }

    /// Whether `allocate` would find room.
    func holds(size: Int, alignment: Int) -> Bool { search(size: size, alignment: alignment) != nil }

    /// Keeps the first `size` granules of a used extent and frees the rest.
    mutating func shrink(_ node: Int, to size: Int) {
        precondition(extents[node].kind == .used && size > 0 && size <= extents[node].size, "extent \(node) is \(extents[node])")
        guard size < extents[node].size else { return }
        let rest = split(node, at: extents[node].offset + size)
        usedGranules -= extents[rest].size
        extents[rest].kind = .free
        insert(join(rest))
    }

    /// Gives a used extent back and joins it with free neighbours.
    mutating func free(_ node: Int) {
        precondition(extents[node].kind == .used, "extent \(node) is \(extents[node])")
        usedGranules -= extents[node].size
        extents[node].kind = .free
        insert(join(node))
    }

    // MARK: - Absent space

    /// Makes a slab's absent space free.
    mutating func populate(slab: Int) {
        let range = range(of: slab)
        var node = absentHead
        while node >= 0, !(extents[node].offset <= range.lowerBound && range.upperBound <= extents[node].end) {
            node = extents[node].listNext
        }
        precondition(node >= 0, "slab \(slab) is not absent")
        insert(join(carve(range, outOf: node, as: .free)))
    }

    /// Makes one of the slabs named by ``idleSlabs()`` absent.
    mutating func withdraw(slab: Int, from node: Int) {
        let range = range(of: slab)
        precondition(extents[node].kind == .free && extents[node].offset <= range.lowerBound && range.upperBound <= extents[node].end)
        insert(join(carve(range, outOf: node, as: .absent)))
    }

    /// The highest slab that is wholly free, with the extent that covers it.
    func idleSlab() -> (slab: Int, node: Int)? {
        var best: (slab: Int, node: Int)?
        for sizeClass in SizeClass.containing(granulesPerSlab)..<SizeClass.count {
            var node = heads[sizeClass]
            while node >= 0 {
                let last = extents[node].end / granulesPerSlab - 1
                if last * granulesPerSlab >= extents[node].offset, last > (best?.slab ?? -1) { best = (last, node) }
                node = extents[node].listNext
            }
        }
        return best
    }

    /// The fewest absent slabs whose population makes room for `size` granules, or nil when there is no such place.
    func plan(size: Int, alignment: Int) -> [Int]? {
        var best: [Int]?
        var node = absentHead
        while node >= 0 {
            var low = node
            while extents[low].previous >= 0, extents[extents[low].previous].kind != .used { low = extents[low].previous }
            var high = node
            while extents[high].next >= 0, extents[extents[high].next].kind != .used { high = extents[high].next }
            let first = Self.alignUp(extents[low].offset, alignment)
            if first + size <= extents[high].end {
                for start in [first, (extents[high].end - size) / alignment * alignment] {
                    let slabs = absentSlabs(in: start..<start + size, from: low)
                    if slabs.count < (best?.count ?? .max) { best = slabs }
                }
            }
            node = extents[node].listNext
        }
        return best
    }

    private func absentSlabs(in range: Range<Int>, from first: Int) -> [Int] {
        var slabs: [Int] = []
        var node = first
        while node >= 0, extents[node].offset < range.upperBound {
            let overlap = extents[node].offset..<extents[node].end
            let part = overlap.clamped(to: range)
            if extents[node].kind == .absent, !part.isEmpty {
                slabs.append(contentsOf: part.lowerBound / granulesPerSlab...(part.upperBound - 1) / granulesPerSlab)
            }
            node = extents[node].next
        }
        return slabs
    }

    private func range(of slab: Int) -> Range<Int> { slab * granulesPerSlab..<(slab + 1) * granulesPerSlab }

    /// Takes `range` out of an extent of a list; what is left on either side stays what it was.
    private mutating func carve(_ range: Range<Int>, outOf node: Int, as kind: Extent.Kind) -> Int {
        remove(node)
        var middle = node
        if extents[node].offset < range.lowerBound {
            middle = split(node, at: range.lowerBound)
            insert(node)
        }
        if extents[middle].end > range.upperBound { insert(split(middle, at: range.upperBound)) }
        extents[middle].kind = kind
        return middle
    }

    // MARK: - Free lists

    private func search(size: Int, alignment: Int) -> Int? {
        let least = SizeClass.containing(size)
        // A few looks at the tightest class first keep large extents whole.
        if let node = firstFit(in: least, size: size, alignment: alignment, looks: 8) { return node }
        let sure = SizeClass.fitting(size + alignment - 1)
        if let sizeClass = firstOccupied(from: sure) { return heads[sizeClass] }
        for sizeClass in least..<min(sure, SizeClass.count) {
            if let node = firstFit(in: sizeClass, size: size, alignment: alignment, looks: .max) { return node }
        }
        return nil
    }

    private func firstFit(in sizeClass: Int, size: Int, alignment: Int, looks: Int) -> Int? {
        var node = heads[sizeClass]
        var left = looks
        while node >= 0, left > 0 {
            if Self.alignUp(extents[node].offset, alignment) + size <= extents[node].end { return node }
            node = extents[node].listNext
            left -= 1
        }
        return nil
    }

    private func firstOccupied(from sizeClass: Int) -> Int? {
        guard sizeClass < SizeClass.count else { return nil }
        var word = sizeClass / 64
        var bits = occupied[word] & (~0 << UInt64(sizeClass % 64))
        while bits == 0 {
            word += 1
            guard word < occupied.count else { return nil }
            bits = occupied[word]
        }
        return word * 64 + bits.trailingZeroBitCount
    }

    /// The largest free extent, in granules.
    var largestFree: Int {
        for sizeClass in (0..<SizeClass.count).reversed() where heads[sizeClass] >= 0 {
            var largest = 0
            var node = heads[sizeClass]
            while node >= 0 {
                largest = max(largest, extents[node].size)
                node = extents[node].listNext
            }
            return largest
        }
        return 0
    }

    private mutating func insert(_ node: Int) {
        let head: Int
        if extents[node].kind == .absent {
            head = absentHead
            absentHead = node
        } else {
            let sizeClass = SizeClass.containing(extents[node].size)
            head = heads[sizeClass]
            heads[sizeClass] = node
            occupied[sizeClass / 64] |= 1 << UInt64(sizeClass % 64)
            freeGranules += extents[node].size
        }
        extents[node].listPrevious = -1
        extents[node].listNext = head
        if head >= 0 { extents[head].listPrevious = node }
    }

    private mutating func remove(_ node: Int) {
        let extent = extents[node]
        if extent.listNext >= 0 { extents[extent.listNext].listPrevious = extent.listPrevious }
        if extent.listPrevious >= 0 { extents[extent.listPrevious].listNext = extent.listNext }
        if extent.kind == .absent {
            if extent.listPrevious < 0 { absentHead = extent.listNext }
            return
        }
        freeGranules -= extent.size
        guard extent.listPrevious < 0 else { return }
        let sizeClass = SizeClass.containing(extent.size)
        heads[sizeClass] = extent.listNext
        if extent.listNext < 0 { occupied[sizeClass / 64] &= ~(1 << UInt64(sizeClass % 64)) }
    }

    // MARK: - Address order

    /// Cuts an extent that is in no list in two and returns the upper part.
    private mutating func split(_ node: Int, at offset: Int) -> Int {
        var upper = extents[node]
        upper.size = upper.end - offset
        upper.offset = offset
        upper.previous = node
        let new = makeNode(upper)
        if upper.next >= 0 { extents[upper.next].previous = new }
        extents[node].size = offset - extents[node].offset
        extents[node].next = new
        return new
    }

    /// Joins an extent that is in no list with neighbours of its kind.
    private mutating func join(_ node: Int) -> Int {
        var node = node
        let kind = extents[node].kind
        if extents[node].next >= 0, extents[extents[node].next].kind == kind {
            remove(extents[node].next)
            absorbNext(of: node)
        }
        if extents[node].previous >= 0, extents[extents[node].previous].kind == kind {
            node = extents[node].previous
            remove(node)
            absorbNext(of: node)
        }
        return node
    }

    private mutating func absorbNext(of node: Int) {
        let gone = extents[node].next
        extents[node].size += extents[gone].size
        extents[node].next = extents[gone].next
        if extents[gone].next >= 0 { extents[extents[gone].next].previous = node }
        spareNodes.append(gone)
    }

    private mutating func makeNode(_ extent: Extent) -> Int {
        if let node = spareNodes.popLast() {
            extents[node] = extent
            return node
        }
        extents.append(extent)
        return extents.count - 1
    }

    private static func alignUp(_ value: Int, _ alignment: Int) -> Int { (value + alignment - 1) / alignment * alignment }
}

extension ExtentAllocator {
    /// Extents in address order, for checks and reports.
    var inOrder: [Extent] {
        // The extent at offset 0 is never absorbed into another: joining keeps the lower one.
        var all: [Extent] = []
        var node = 0
        while node >= 0 {
            all.append(extents[node])
            node = extents[node].next
        }
        return all
    }
}
