internal import RayflowCore

extension StepStart {
    /// What the runner keeps of an order once the process runs.
    struct Timing: Sendable, Hashable {
        var attempt: Attempt
        /// Nanoseconds.
        var timeout: UInt64?
        var grace: UInt64
    }

    var timing: Timing {
        Timing(
            attempt: attempt, timeout: timeoutMilliseconds.map(StepRunnerInstance.nanoseconds),
            grace: StepRunnerInstance.nanoseconds(graceMilliseconds))
    }
}
