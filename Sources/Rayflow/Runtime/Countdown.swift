import Synchronization

/// Counts down from any thread.
package final class Countdown: Sendable {
    private let left: Atomic<Int>
    package init(_ count: Int) { left = Atomic(count) }

    /// - Returns: whether as many calls as were counted on have come, this one included.
    package func isDown() -> Bool { left.subtract(1, ordering: .acquiringAndReleasing).newValue <= 0 }

    /// As many have come.
    package var isOver: Bool { left.load(ordering: .acquiring) <= 0 }
}
