/// A stretch of address space in the allocator's list, in granules of 64 bytes.
struct Extent {
    enum Kind: UInt8 {
        /// Not populated: no page stands behind it.
        case absent
        case free
        case used
    }

    var offset: Int
    var size: Int
    var kind: Kind
    /// Neighbours in address order, -1 at the ends.
    var previous = -1
    var next = -1
    /// Neighbours in the list of this extent's size class, or in the list of absent extents.
    var listPrevious = -1
    var listNext = -1

    var end: Int { offset + size }
}

/// Segregated free lists: classes grow by 1/16 of a power of two, so a block from the next class up always fits.
enum SizeClass {
    static let count = 48 * 16

    static func containing(_ size: Int) -> Int {
        if size < 16 { return size }
        let top = Int.bitWidth - 1 - size.leadingZeroBitCount
        return (top - 3) * 16 + ((size >> (top - 4)) & 15)
    }

    /// The first class of which every member holds `size` granules.
    static func fitting(_ size: Int) -> Int {
        if size < 16 { return size }
        let top = Int.bitWidth - 1 - size.leadingZeroBitCount
        return containing(size + (1 << (top - 4)) - 1)
    }
}
