package import Raylet
package import RayflowCore

/// One attempt of a shell step, fully evaluated.
package struct ShellOrder: Sendable, Hashable {
    /// A file that has to be there when the process starts.
    package struct File: Sendable, Hashable {
        package var path: String
        package var content: String
        package init(path: String, content: String) {
            self.path = path
            self.content = content
        }
    }

    package var position: String
    /// From 1, over all epochs.
    package var attempt: Int
    package var arguments: [String]
    /// On top of what the run itself has; later entries win.
    package var environment: [EnvironmentVariable]
    package var files: [File]
    package var workdir: String
    /// A private folder that has to be made.
    package var isScratch: Bool
    package var input: StepInput
    /// `attempts/<position>/<n>`: logs, inputs, outputs and the exit file.
    package var folder: String
    package var timeout: Duration?
    package var grace: Duration
    package var resources: ResourceSet
    /// Steps on the longest path from this one to the exit of the graph, itself counted.
    package var pathLength: UInt32 = 1
    package var fingerprint: [UInt8]
    package var outputs: [OutputOrder]

    package var key: String { StepPosition.attempt(position, attempt) }
    package var stdoutPath: String { folder + "/stdout.log" }
    package var stderrPath: String { folder + "/stderr.log" }
    package var outputPath: String { folder + "/output" }
}
