/// Bounds of the step runner and the sweep.
package enum StepRunnerLimits {
    /// Longest frame body in bytes: above the 2 MiB that Linux takes for arguments and environment, with room for inline input.
    package static let frameBytes = 16 << 20
    /// Processes of steps at the same time.
    package static let activeSteps = 10_000
    /// Bytes of unsent reports above which no further commands are read.
    package static let outgoingBytes = 1 << 20
    /// Bytes read from the engine in one turn of the loop.
    package static let readBytesPerTurn = 256 << 10
    /// How often a step that waits for its survivors looks again, should no death have been reported: nanoseconds.
    package static let censusInterval: UInt64 = 100_000_000
    /// How long after SIGKILL an exit waits for the last survivor (which may be another user's, or stuck in the kernel): nanoseconds.
    package static let killConfirmation: UInt64 = 2_000_000_000
    /// Grace for processes that belong to no step when the runner leaves: nanoseconds.
    package static let strayGrace: UInt64 = 1_000_000_000
    /// Longest grace and timeout that are taken from a message: milliseconds (about 300 years in nanoseconds would overflow).
    package static let milliseconds: UInt64 = 1 << 43
    /// Most bytes of another process's environment that are read to find its token.
    package static let environmentBytes = 4 << 20
    /// Rounds of a sweep: each finds what the processes killed by the one before have forked meanwhile.
    package static let sweepRounds = 8
}
