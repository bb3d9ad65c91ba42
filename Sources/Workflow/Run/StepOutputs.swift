/// What a finished attempt of a shell step gave.
package struct StepOutputs: Sendable, Hashable {
    /// In the order of their declaration.
    package var values: [String: Value]
    /// Identity by absolute path of the files and folders among them.
    package var files: [String: String]

    package init(_ values: [String: Value] = [:], files: [String: String] = [:]) {
        self.values = values
        self.files = files
    }
}
