package import Raylet
package import RayflowCore

/// What the journal says about one attempt of a shell step.
package struct AttemptHistory: Sendable {
    package var number: Int
    package var lineage: LineageID
    /// Its start was committed: a process may have run.
    package var isStarted = false
    /// The engine recorded an end.
    package var isFinished = false
    /// How the process ended, if that stands in the record.
    package var exit: StepExit?
    package var error: ErrorRecord?

    package init(number: Int, lineage: LineageID) {
        self.number = number
        self.lineage = lineage
    }
}
