/// SplitMix64: small, fast, and the same on every machine.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }

    /// 0 inclusive to 1 exclusive.
    package mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    package mutating func next(in range: ClosedRange<UInt64>) -> UInt64 {
        let (width, overflow) = (range.upperBound - range.lowerBound).addingReportingOverflow(1)
        return overflow ? next() : range.lowerBound + next() % width
    }
}
