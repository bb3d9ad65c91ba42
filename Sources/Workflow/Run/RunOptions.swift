package import RayflowCore

/// What a run is told besides its workflow.
package struct RunOptions: Sendable {
    package var runID: String
    /// 1, and one more with each resume.
    package var epoch: UInt32
    package var seed: UInt64
    /// Of the first epoch, in nanoseconds of the wall clock.
    package var startedWallNS: UInt64
    /// Bound to the workflow's declarations.
    package var inputs: JSONObject
    /// Absolute folder of the workflow file.
    package var workflowFolder: String
    /// Absolute folder in which every attempt has its own.
    package var attemptsFolder: String
    /// Positions or steps to run again whatever the journal says.
    package var rerun: [String] = []
    /// Positions or steps whose attempt in doubt counts as done.
    package var assumeDone: [String] = []

    package init(
        runID: String, epoch: UInt32 = 1, seed: UInt64 = 0, startedWallNS: UInt64 = 0, inputs: JSONObject = [:], workflowFolder: String,
        attemptsFolder: String, rerun: [String] = [], assumeDone: [String] = []
    ) {
        self.runID = runID
        self.epoch = epoch
        self.seed = seed
        self.startedWallNS = startedWallNS
        self.inputs = inputs
        self.workflowFolder = workflowFolder
        self.attemptsFolder = attemptsFolder
        self.rerun = rerun
        self.assumeDone = assumeDone
    }

    func attemptFolder(_ position: String, _ attempt: Int) -> String {
        "\(attemptsFolder)/\(StepPosition.folderName(position))/\(attempt)"
    }

    func mustRerun(_ position: String) -> Bool { rerun.contains { StepPosition.selection($0, covers: position) } }
    func isAssumedDone(_ position: String) -> Bool { assumeDone.contains { StepPosition.selection($0, covers: position) } }
}
