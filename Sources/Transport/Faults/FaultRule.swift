/// Which frames meet with which fault.
package struct FaultRule: Sendable {
    package enum Effect: Sendable, Hashable {
        case drop, duplicate, disconnect, flip, corrupt
        /// Drawn evenly from a range of nanoseconds.
        case delay(ClosedRange<UInt64>)
        case reorder(ClosedRange<UInt64>)
    }

    package var effect: Effect
    /// Nil: every kind. A request and its reply have different kinds, so that either can be lost.
    package var kinds: Set<UInt8>?
    /// Matching frames that pass before the first fault.
    package var skip: Int
    /// Faults after which the rule is spent.
    package var count: Int
    /// Share of the matching frames that are hit, 0 to 1.
    package var probability: Double

    package init(_ effect: Effect, kinds: Set<UInt8>? = nil, skip: Int = 0, count: Int = .max, probability: Double = 1) {
        self.effect = effect
        self.kinds = kinds
        self.skip = skip
        self.count = count
        self.probability = probability
    }
}
