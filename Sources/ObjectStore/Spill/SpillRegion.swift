/// A stretch of the spill folder's space, in bytes. The space is cut into files of equal size, and a region may lie across several.
package struct SpillRegion: Sendable, Hashable {
    package var offset: Int
    package var count: Int

    package init(offset: Int, count: Int) {
        self.offset = offset
        self.count = count
    }

    /// Whole pages: what is reserved for it and freed with it.
    var pages: Range<Int> {
        offset..<(offset + max(count, 1) + StoreLimits.pageSize - 1) / StoreLimits.pageSize * StoreLimits.pageSize
    }
}
