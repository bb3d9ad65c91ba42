/// The slots of the index and their generations. A generation is even; 0 means never used.
struct SlotTable {
    private let count: Int
    private var generations: [UInt64] = []
    private var spare: [UInt32] = []

    init(count: Int) { self.count = count }

    var hasFree: Bool { !spare.isEmpty || generations.count < count }

    /// Low slots first: pages of the index that were never needed are never touched.
    mutating func take() -> (slot: UInt32, generation: UInt64) {
        precondition(hasFree)
        if let slot = spare.popLast() { return (slot, bump(slot)) }
        generations.append(0)
        let slot = UInt32(generations.count - 1)
        return (slot, bump(slot))
    }

    mutating func bump(_ slot: UInt32) -> UInt64 {
        generations[Int(slot)] += 2
        return generations[Int(slot)]
    }

    mutating func giveBack(_ slot: UInt32) { spare.append(slot) }
}
