import CLinux

/// How the control pages lie in their memfd: a header page, the index, then one page for each process. All fields are 64-bit words.
///
/// | where | words |
/// |---|---|
/// | header | magic, version, nonce high, nonce low, slab size, slabs, slots, pin pages |
/// | index entry | generation (odd while it is written), offset, size, state |
/// | pin page | entries in use (high-water mark), what the process does (``ProcessActivity``), 6 spare words, then the pins: slot + 1 in the lower half, generation in the upper |
enum ControlLayout {
    static let magic: UInt64 = 0x3153_4643_776f_6c66  // "flowCFS1"
    static let version: UInt32 = 1
    static let entrySize = 32
    static let pageSize = StoreLimits.pageSize
    /// Word of a pin page at which the pins begin.
    static let firstPin = 8
    /// Word of a pin page that holds a ``ProcessActivity``.
    static let activity = 1

    static let indexOffset = pageSize
    static func indexSize(of geometry: ArenaGeometry) -> Int { (geometry.slotCount * entrySize + pageSize - 1) / pageSize * pageSize }
    static func pinPageOffset(_ process: Int, of geometry: ArenaGeometry) -> Int {
        indexOffset + indexSize(of: geometry) + process * pageSize
    }
    static func size(of geometry: ArenaGeometry) -> Int { pinPageOffset(geometry.processCount, of: geometry) }

    static func writeHeader(_ geometry: ArenaGeometry, _ nonce: SessionNonce, to page: Mapping) {
        let words = [
            magic, UInt64(version), nonce.high, nonce.low, UInt64(geometry.slabSize), UInt64(geometry.slabCount),
            UInt64(geometry.slotCount),
            UInt64(geometry.processCount),
        ]
        for (index, word) in words.enumerated().reversed() { rf_store_release_u64(page.base + index * 8, word) }
    }

    /// Trusts nothing: the numbers pass the same checks as those of a new geometry.
    static func readHeader(_ page: Mapping, expecting nonce: SessionNonce) throws(ArenaError) -> ArenaGeometry {
        let words = (0..<8).map { rf_load_acquire_u64(page.base + $0 * 8) }
        guard words[0] == magic else { throw .wrongMagic }
        guard words[1] == UInt64(version) else { throw .wrongVersion(UInt32(truncatingIfNeeded: words[1])) }
        guard words[2] == nonce.high, words[3] == nonce.low else { throw .wrongNonce }
        return try ArenaGeometry(
            slabSize: Int(clamping: words[4]), slabCount: Int(clamping: words[5]), slotCount: Int(clamping: words[6]),
            processCount: Int(clamping: words[7]))
    }

    static func pinWord(slot: UInt32, generation: UInt64) -> UInt64 { generation << 32 | (UInt64(slot) + 1) }
    static func pinnedSlot(_ word: UInt64) -> UInt32? {
        let low = UInt32(truncatingIfNeeded: word)
        return low == 0 ? nil : low - 1
    }
}
