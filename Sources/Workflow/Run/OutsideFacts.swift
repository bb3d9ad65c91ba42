package import Raylet
package import RayflowCore

/// What a run asks of the world around it while it plans: files, the environment, and what earlier attempts left behind.
///
/// Answers are taken at the time of asking. What an expression asked is remembered for that step and noted in the journal, so that a resume
/// can tell what has changed.
package protocol OutsideFacts: Sendable {
    /// `glob`, `file`, `dir`, `env` or `hashFiles`.
    func call(_ function: String, _ arguments: [Value]) throws -> Value

    /// An absolute path for one that is written relative to the workflow file's folder.
    func resolve(_ path: String) -> String

    /// What tells one content of a file or folder from another without reading it; nil when there is none.
    func identity(ofFile path: String) -> String?

    /// What the runner wrote about the end of that attempt.
    func exit(position: String, attempt: Int) -> StepExit?

    /// Outputs that were too large for the journal.
    func savedOutputs(position: String, attempt: Int) -> JSON?
}
