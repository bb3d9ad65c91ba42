/// How many units (steps, or items of a fan-out) stand where. Fan-outs that are not expanded yet count as one.
package struct RunCounts: Sendable, Hashable {
    package var total = 0
    package var running = 0
    package var succeeded = 0
    package var failed = 0
    package var skipped = 0
    package var cancelled = 0
    /// Of ``succeeded``: taken from an earlier epoch.
    package var reused = 0

    package init() {}

    package var ended: Int { succeeded + failed + skipped + cancelled }
}
