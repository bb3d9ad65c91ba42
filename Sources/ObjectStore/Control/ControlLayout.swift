import CLinux
import RayflowCore

/// How the control pages lie in their memfd: a header page, the index by slot, the index by object, then one page for each process. All
/// fields are 64-bit words.
///
/// | where | words |
/// |---|---|
/// | header | magic, version, nonce high, nonce low, slab size, slabs, slots, pin pages |
/// | index entry | generation (odd while it is written), offset, size, state, and the ID of the object in 4 words |
/// | bucket | slot + 1 in the lower half, a part of the ID's hash in the upper; 0: empty |
/// | pin page | entries in use (high-water mark), what the process does (``ProcessActivity``), 6 spare words, then the pins |
/// | pin | slot + 1 in the lower half, generation in the upper. Taken back: 0 in the lower half, slot + 1 in the upper, until the raylet has seen that the object was used |
///
/// A bucket is a hint. Only the entry that it leads to says what lies where, so buckets may be as old or as new as they like.
enum ControlLayout {
    static let magic: UInt64 = 0x3153_4643_776f_6c66  // "flowCFS1"
    static let version: UInt32 = 2
    static let entrySize = 64
    static let pageSize = StoreLimits.pageSize
    /// Word of a pin page at which the pins begin.
    static let firstPin = 8
    /// Word of a pin page that holds a ``ProcessActivity``.
    static let activity = 1

    static let indexOffset = pageSize
    static func indexSize(of geometry: ArenaGeometry) -> Int { (geometry.slotCount * entrySize + pageSize - 1) / pageSize * pageSize }
    static func bucketOffset(of geometry: ArenaGeometry) -> Int { indexOffset + indexSize(of: geometry) }
    /// A power of two.
    static func bucketCount(of geometry: ArenaGeometry) -> Int {
        let least = max(geometry.slotCount * StoreLimits.bucketsPerSlot, pageSize / 8)
        return 1 << (Int.bitWidth - (least - 1).leadingZeroBitCount)
    }
    static func pinPageOffset(_ process: Int, of geometry: ArenaGeometry) -> Int {
        bucketOffset(of: geometry) + bucketCount(of: geometry) * 8 + process * pageSize
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

    // MARK: - Index by object

    /// The ID as it stands in an entry.
    static func words(of id: ObjectID) -> (UInt64, UInt64, UInt64, UInt64) {
        (id.task.unique, id.task.actor.unique, UInt64(id.task.actor.salt) << 32 | UInt64(id.task.actor.job.value), UInt64(id.index))
    }

    static func object(_ words: (UInt64, UInt64, UInt64, UInt64)) -> ObjectID {
        let job = JobID(UInt32(truncatingIfNeeded: words.2))
        let actor = ActorID(unique: words.1, salt: UInt32(truncatingIfNeeded: words.2 >> 32), job: job)
        return ObjectID(task: TaskID(unique: words.0, actor: actor), index: UInt32(truncatingIfNeeded: words.3))
    }

    static func hash(_ id: ObjectID) -> UInt64 {
        let words = words(of: id)
        // Both ways of telling objects apart, the task and the index, reach all bits.
        let first = (words.0 ^ words.1 &+ words.2).multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
        let second = (first.high ^ first.low ^ words.3).multipliedFullWidth(by: 0xd1b5_4a32_d192_ed03)
        return second.high ^ second.low
    }

    /// The buckets in which an object may lie.
    static func buckets(of hash: UInt64, count: Int) -> some Sequence<Int> {
        let first = Int(truncatingIfNeeded: hash & UInt64(count - 1))
        return (0..<StoreLimits.bucketReach).lazy.map { (first + $0) & (count - 1) }
    }

    static func bucketWord(slot: UInt32, hash: UInt64) -> UInt64 { hash & ~0xffff_ffff | (UInt64(slot) + 1) }
    /// - Returns: nil when the bucket is empty or another object's for certain.
    static func slot(in word: UInt64, hash: UInt64) -> UInt32? {
        let low = UInt32(truncatingIfNeeded: word)
        return low != 0 && word >> 32 == hash >> 32 ? low - 1 : nil
    }

    // MARK: - Pins

    static func usedWord(slot: UInt32) -> UInt64 { (UInt64(slot) + 1) << 32 }
    static func usedSlot(_ word: UInt64) -> UInt32? {
        let high = UInt32(truncatingIfNeeded: word >> 32)
        return UInt32(truncatingIfNeeded: word) == 0 && high != 0 ? high - 1 : nil
    }

    static func pinWord(slot: UInt32, generation: UInt64) -> UInt64 { generation << 32 | (UInt64(slot) + 1) }
    static func pinnedSlot(_ word: UInt64) -> UInt32? {
        let low = UInt32(truncatingIfNeeded: word)
        return low == 0 ? nil : low - 1
    }
}
