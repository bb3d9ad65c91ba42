/// The bounds of a workflow, beside those of its YAML.
package enum WorkflowLimits {
    package static let steps = 100_000
    package static let inputs = 10_000
    /// Characters of a step's, input's or output's name.
    package static let nameLength = 128
    /// Attempts of one step.
    package static let attempts = 1000
    /// Calls that run at once in one actor.
    package static let concurrency = 10_000
    /// The longest duration that can be written.
    package static let duration = Duration.seconds(10 * 365 * 86_400)
}
