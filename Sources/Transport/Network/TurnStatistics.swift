/// How long a loop was busy with batches of frames: from the first frame of a turn to its flush.
package struct TurnStatistics: Sendable, Hashable {
    package var turns: UInt64 = 0
    /// Turns above ``TransportLimits/turnTime``: something blocked the loop.
    package var longTurns: UInt64 = 0
    package var longestNanoseconds: UInt64 = 0

    mutating func add(nanoseconds: UInt64) {
        turns += 1
        longestNanoseconds = max(longestNanoseconds, nanoseconds)
        if nanoseconds > Self.limit { longTurns += 1 }
    }

    private static let limit = UInt64(TransportLimits.turnTime.components.attoseconds / 1_000_000_000)
}
