/// Who has which space of the spill folder: an arena on disk, whose slabs are files. Objects share files; space that is free again is used
/// again, and a file without objects is deleted.
///
/// Space becomes free only after its blocks have been given back, and a file number is used again only after the file is gone, so that no
/// late removal ever hits newer bytes.
struct SpillSpace {
    private var allocator: ExtentAllocator?
    private var deleting: Set<Int> = []
    private(set) var files = 0
    /// Reserved bytes, those that are being given back included.
    var usedBytes: Int { (allocator?.usedGranules ?? 0) * StoreLimits.granule }
    /// Those of them whose blocks are being given back.
    private(set) var freeingBytes = 0
    var isOff: Bool { allocator == nil }
    var isDeleting: Bool { !deleting.isEmpty }

    init(bytes: Int, fileSize: Int) {
        guard bytes > 0 else { return }
        allocator = ExtentAllocator(slabSize: fileSize, slabCount: max(bytes / fileSize, 1))
    }

    /// Room for `count` bytes, or nil when there is none at the moment.
    mutating func reserve(_ count: Int) -> (extent: Int, region: SpillRegion)? {
        let page = StoreLimits.pageSize / StoreLimits.granule
        let granules = SpillRegion(offset: 0, count: count).pages.count / StoreLimits.granule
        guard allocator != nil else { return nil }
        var extent = allocator!.allocate(size: granules, alignment: page)
        if extent == nil, deleting.isEmpty, let plan = allocator!.plan(size: granules, alignment: page) {
            for file in plan { allocator!.populate(slab: file) }
            files += plan.count
            extent = allocator!.allocate(size: granules, alignment: page)
        }
        guard let extent else { return nil }
        return (extent, SpillRegion(offset: allocator!.extents[extent].offset * StoreLimits.granule, count: count))
    }

    /// The region keeps its first `count` bytes; the rest of what was reserved was never written.
    mutating func shrink(_ extent: Int, to count: Int) {
        allocator?.shrink(extent, to: SpillRegion(offset: 0, count: count).pages.count / StoreLimits.granule)
    }

    /// All that is reserved for an extent.
    func region(of extent: Int) -> SpillRegion {
        guard let allocator else { return SpillRegion(offset: 0, count: 0) }
        let node = allocator.extents[extent]
        return SpillRegion(offset: node.offset * StoreLimits.granule, count: node.size * StoreLimits.granule)
    }

    /// Nobody needs its bytes any more; it stays reserved until its blocks have been given back.
    mutating func beginFreeing(_ extent: Int) -> SpillRegion {
        let region = region(of: extent)
        freeingBytes += region.count
        return region
    }

    /// Its blocks have been given back, after ``beginFreeing(_:)``.
    /// - Returns: files that hold nothing any more and are to be deleted.
    mutating func free(_ extent: Int) -> [Int] {
        guard allocator != nil else { return [] }
        freeingBytes -= region(of: extent).count
        allocator!.free(extent)
        var empty: [Int] = []
        while let idle = allocator!.idleSlab() {
            allocator!.withdraw(slab: idle.slab, from: idle.node)
            deleting.insert(idle.slab)
            files -= 1
            empty.append(idle.slab)
        }
        return empty
    }

    mutating func deleted(file: Int) { deleting.remove(file) }
}
