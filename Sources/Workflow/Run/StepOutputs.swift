/// What a finished attempt of a shell step gave.
package struct StepOutputs: Sendable, Hashable {
    /// In the order of their declaration.
    package var values: [String: Value]
    /// Identity by absolute path of the files and folders among them.
    package var files: [String: String]
    /// By content, of the values that lie in the object store.
    package var digests: [ValueRef: String] = [:]
    /// They are kept beside the attempt already.
    package var areSaved = false

    package init(_ values: [String: Value] = [:], files: [String: String] = [:]) {
        self.values = values
        self.files = files
    }
}
