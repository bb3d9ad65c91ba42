import RayflowCore

/// The caller's side of one actor: its calls in the order of submission, until the actor's process has them.
struct ActorLine: Sendable {
    enum State: Sendable { case unknown, pending, alive, restarting, dead(ErrorRecord) }
    var state = State.unknown
    var incarnation: UInt32 = 0
    var worker: Address?
    /// Calls of no group.
    private var main = CallOrder()
    private var groups: [String: CallOrder] = [:]
    /// Unfinished dependencies of the calls that are not sent.
    var waiting: [TaskID: Int] = [:]
    /// Sent and not answered, or waiting to be sent again.
    var sent: Set<TaskID> = []
    /// Calls that have not ended.
    var open = 0
    /// The calls in flight have been dealt with since the actor was last alive.
    var isInterrupted = false
    /// The connection broke, and the GCS has not said yet whether the process lives.
    var isBroken = false
    /// Connections that broke: behind each one the order begins anew.
    var connection: UInt64 = 0
    var maxTaskRetries: Int32 = 0
    /// nil: the engine's own limit.
    var maxPendingCalls: Int?
    var isSubscribed = false
    /// This process has made the actor: it lives no longer than this process.
    var isOwn = false
    /// This process has made the actor, which ends when its last handle is gone.
    var isCounted = false
    /// No handle is left here, but calls that have not ended.
    var isUnheld = false
    /// The constructor's arguments, held for as long as it may run again.
    var arguments: [ObjectID] = []
    /// The constructor itself, where this process may have to ask for it.
    var constructor: TaskSpec?
    /// The last handle is gone, and the GCS is told so.
    var isOutOfScope = false
    /// How often it was asked to come back after that.
    var comebacks: UInt32 = 0
    /// It was asked to come back, and calls have not ended since.
    var isBack = false
    /// Finished calls of this process that may have to run again.
    var keptCalls = 0
    /// It ends or has ended because nobody needs it, and can be started again.
    var mayComeBack: Bool { isOutOfScope && !isBack && constructor != nil }
    /// Of this process's own actor. -1: without limit.
    var maxRestarts: Int32 = 0
    var isDead: Bool { if case .dead = state { true } else { false } }

    var isAlive: Bool { if case .alive = state { true } else { false } }

    /// Calls of one group keep their order among themselves; the empty name is the default group.
    subscript(group: String) -> CallOrder {
        get { group.isEmpty ? main : groups[group] ?? CallOrder() }
        _modify {
            if group.isEmpty { yield &main } else { yield &groups[group, default: CallOrder()] }
        }
    }

    /// One call more, unless that is more than may be open.
    ///
    /// - Parameter limit: the engine's own.
    /// - Returns: why the call fails; it counts as open all the same.
    mutating func join(_ limit: Int) -> ErrorRecord? {
        open += 1
        if case .dead(let error) = state { return error }
        if let maxPendingCalls, open > maxPendingCalls {
            let limit = "its maxPendingCalls is \(maxPendingCalls)"
            return ErrorRecord(
                .pendingCallsLimit, "\(open - 1) calls of this actor are unfinished, and \(limit): wait for some of them first")
        }
        if open > limit { return ErrorRecord(.tooManyPending, "more than \(limit) calls wait for this actor") }
        return nil
    }

    /// Nothing of that caller waits in the group.
    func isClear(_ group: String, _ caller: UInt64) -> Bool {
        group.isEmpty ? main.unsent[caller] == nil : groups[group]?.unsent[caller] == nil
    }

    /// The call is sent next.
    ///
    /// - Returns: its sequence number.
    mutating func takePlace(_ call: TaskID, in group: String) -> UInt64 {
        sent.insert(call)
        defer { self[group].nextSequence += 1 }
        return self[group].nextSequence
    }

    var groupNames: [String] { [""] + groups.keys.sorted() }

    mutating func beginSequences() {
        main.nextSequence = 0
        for group in groups.keys { groups[group]?.nextSequence = 0 }
    }
}

/// The calls of one group of an actor.
///
/// They are sent in the order of their caller. Two callers in one process know nothing of each other: were there one line for both, a call
/// that waits for an argument could hold up the very call that this argument waits for.
struct CallOrder: Sendable {
    /// Not sent yet, by caller, in order; ended ones are skipped by the reader. Callers without any have no line.
    var unsent: [UInt64: TaskQueue] = [:]
    /// Sequence numbers start anew with each incarnation.
    var nextSequence: UInt64 = 0
}

extension TaskSpec {
    /// The concurrency group of a call; empty for the default one.
    var group: String { options.groups.first?.name ?? "" }
}
