/// Whether the body that runs in a worker waits, and what its raylet was told of that.
///
/// Waits begin and end on any thread. What is said is decided where it is sent, on the loop: an end that is noted may be said later than a
/// timer that was due meanwhile, so that what a raylet hears last would not be what is true.
package struct WaitGauge: Sendable {
    private var waits = 0
    private var number: UInt64 = 0
    private var saidBlocked = false

    package init() {}

    /// The body waits.
    ///
    /// - Returns: a number for ``isBlocked(since:)``, which is due when a wait counts as long.
    package mutating func begin() -> UInt64 {
        waits += 1
        number += 1
        return number
    }

    /// - Returns: whether ``isUnblocked()`` must follow.
    package mutating func end() -> Bool {
        waits -= 1
        guard waits == 0 else { return false }
        number += 1
        return saidBlocked
    }

    /// - Returns: whether the raylet is to be told that the worker is blocked: nothing has gone on since that wait began.
    package mutating func isBlocked(since wait: UInt64) -> Bool {
        guard waits > 0, number == wait, !saidBlocked else { return false }
        saidBlocked = true
        return true
    }

    /// - Returns: whether the raylet is to be told that the worker is no longer blocked: not when it waits again already.
    package mutating func isUnblocked() -> Bool {
        guard waits == 0, saidBlocked else { return false }
        saidBlocked = false
        return true
    }
}
