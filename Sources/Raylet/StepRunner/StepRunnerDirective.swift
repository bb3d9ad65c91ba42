/// What the shell carries out for ``StepRunnerInstance``, in this order and before the next event.
package enum StepRunnerDirective: Sendable, Hashable {
    /// Lock the fence file, shared. When that fails, spawns that name it fail.
    case holdFence(String)
    case releaseFence(String)
    /// Answered by `onSpawned` or `onSpawnFailed`.
    case spawn(StepStart)
    /// To all members of a process group. A group that is gone is no error.
    case signalGroup(Int32, signal: Int32)
    /// To an orphan: to its group, unless that is the runner's own or belongs to a step.
    case signalOrphan(Census.Orphan, signal: Int32)
    /// Write the exit file, then report the exit.
    case finish(FinishedStep)
    case report(StepReport)
    /// Nothing is left to do: end the process.
    case leave
}

/// A step of which no process is left.
package struct FinishedStep: Sendable, Hashable {
    package var key: UInt64
    package var attemptFolder: String
    package var record: ExitRecord
}
