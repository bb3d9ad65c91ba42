import RayflowCore

/// The caller's side of one actor: its calls in the order of submission, until the actor's process has them.
struct ActorLine: Sendable {
    enum State: Sendable { case unknown, pending, alive, restarting, dead(ErrorRecord) }
    var state = State.unknown
    var incarnation: UInt32 = 0
    var worker: Address?
    /// Not sent yet, in order; ended ones are skipped by the reader.
    var unsent = TaskQueue()
    /// Unfinished dependencies of the calls that are not sent.
    var waiting: [TaskID: Int] = [:]
    var sent: Set<TaskID> = []
    /// The calls in flight have been dealt with since the actor was last alive.
    var isInterrupted = false
    /// Sequence numbers start anew with each incarnation.
    var nextSequence: UInt64 = 0
    /// Calls sent again after a restart: outside the order, as Ray's retries are.
    var maxTaskRetries: Int32 = 0
    /// The object whose state is the outcome of the creation, for the process that created the actor.
    var isSubscribed = false
    var open: Int { unsent.count + sent.count }
}
