package import RayflowCore

/// The sizes of one node's arena: fixed when it is created, stated in the header of the control pages, checked by whoever attaches.
package struct ArenaGeometry: Sendable, Hashable {
    /// Bytes; a multiple of the page size.
    package let slabSize: Int
    package let slabCount: Int
    /// Entries of the index.
    package let slotCount: Int
    /// Pin pages.
    package let processCount: Int

    /// - Throws: when a number is outside the limits of ``StoreLimits``.
    package init(
        slabSize: Int = StoreLimits.slabSize, slabCount: Int, slotCount: Int? = nil, processCount: Int = StoreLimits.maximumProcessCount
    ) throws(ArenaError) {
        guard slabSize >= StoreLimits.pageAlignedFrom, slabSize <= 1 << 40, slabSize % StoreLimits.pageSize == 0 else {
            throw .badGeometry("slabs of \(slabSize) bytes")
        }
        guard (1...StoreLimits.maximumSlabCount).contains(slabCount) else { throw .badGeometry("\(slabCount) slabs") }
        let (dataSize, overflow) = slabSize.multipliedReportingOverflow(by: slabCount)
        guard !overflow, dataSize <= 1 << 46 else { throw .badGeometry("\(slabCount) slabs of \(slabSize) bytes") }
        let fitting = min(max(dataSize / StoreLimits.bytesPerSlot, StoreLimits.minimumSlotCount), StoreLimits.maximumSlotCount)
        let slotCount = slotCount ?? fitting
        guard (1...StoreLimits.maximumSlotCount).contains(slotCount) else { throw .badGeometry("\(slotCount) slots") }
        guard (1...StoreLimits.maximumProcessCount).contains(processCount) else { throw .badGeometry("\(processCount) pin pages") }
        self.slabSize = slabSize
        self.slabCount = slabCount
        self.slotCount = slotCount
        self.processCount = processCount
    }

    /// The most that this machine should give: ``StoreLimits/percentOfMemory`` of its RAM or of the cgroup's limit, in whole slabs.
    /// - Parameter maximumBytes: when given, the arena's size in bytes instead of that share, rounded up to whole slabs.
    package static func fitting(maximumBytes: Int? = nil, probe: MemoryProbe = .system) throws(ArenaError) -> ArenaGeometry {
        let slab = StoreLimits.slabSize
        if let maximumBytes {
            guard maximumBytes > 0 else { throw .badGeometry("an arena of \(maximumBytes) bytes") }
            return try ArenaGeometry(slabCount: min((maximumBytes - 1) / slab + 1, StoreLimits.maximumSlabCount))
        }
        let share = probe.memory().total / 100 * StoreLimits.percentOfMemory
        return try ArenaGeometry(slabCount: min(max(share / slab, 1), StoreLimits.maximumSlabCount))
    }

    /// Bytes of the data memfd: address space, not memory.
    package var dataSize: Int { slabSize * slabCount }

    package func range(ofSlab slab: Int) -> Range<Int> { slab * slabSize..<(slab + 1) * slabSize }

    /// Whether a place that came from outside lies in the arena.
    package func contains(_ place: ObjectPlace) -> Bool {
        place.offset <= UInt64(dataSize) && place.size <= UInt64(dataSize) - place.offset
    }
}
