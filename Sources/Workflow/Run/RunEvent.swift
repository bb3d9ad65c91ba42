/// What happens in a run, for whoever shows it.
package enum RunEvent: Sendable, Hashable {
    /// The items of a fan-out are known.
    case expanded(step: String, items: Int)
    /// An attempt was handed to the engine.
    case submitted(position: String, attempt: Int, rerun: RerunReason?)
    /// Its process runs.
    case started(position: String, attempt: Int)
    case finished(position: String, status: StepStatus, attempt: Int, nanoseconds: UInt64?, isReused: Bool)
    /// Follows `finished` of what failed. `tail` is the end of its log, oldest line first.
    case failed(position: String, failure: StepFailure, isTolerated: Bool, tail: [String])
    case retrying(position: String, nextAttempt: Int, afterNanoseconds: UInt64, failure: StepFailure)
    /// What an expression asked of the world has another answer than in the epoch before.
    case inputChanged(position: String, call: String)
    case note(String)
}
