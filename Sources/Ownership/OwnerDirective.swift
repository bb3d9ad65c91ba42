package import RayflowCore

/// What an ``OwnerInstance`` asks of its shell. Directives are carried out in order: what is journaled before a result is made
/// visible stands before it in the journal.
package enum OwnerDirective: Sendable {
    // Rare and large cases are indirect: directives are moved a lot.
    case send(Message, to: Address)
    /// The object is finished (or lost): wake who waits for it here.
    case ready(ObjectID)
    case startTimer(OwnerTimer, afterNS: UInt64)
    indirect case journal(OwnerRecord)
    /// Append, and report ``OwnerInstance/journalCommitted(_:now:into:)`` with the task when the record is committed.
    indirect case journalThenPush(OwnerRecord, TaskID)
    /// Results that lie in shared memory are written to the run folder first; ``OwnerInstance/persisted(_:now:into:)`` follows.
    case persist(TaskID, [ObjectID])
    /// Bring recorded results back from the run folder, then report ``OwnerInstance/loaded(_:_:now:into:)``.
    case load(TaskID, LineageID)
    indirect case taskChanged(TaskChange)
    /// The reply that was given this number by ``OwnerInstance/letGoArguments(_:into:)`` may leave.
    case mayReply(UInt64)
}

/// What the owner has to say to the run's journal.
package enum OwnerRecord: Sendable {
    case submitted(TaskSpec, parent: LineageID)
    case started(TaskSpec)
    case actorCreated(TaskSpec, ActorSpecOptions)
    case finished(TaskSpec, fingerprint: [UInt8], states: [ObjectState], moved: [MovedObject], executionNS: UInt64)
    case failed(TaskSpec, ErrorRecord)
}

package enum OwnerTimer: Hashable, Sendable {
    case retry(TaskID, Attempt)
    case idleLease(LeaseID, use: UInt64)
    case attemptTimeout(TaskID, Attempt)
    case doubtedGroup(PlacementGroupID)
    case brokenActor(ActorID, connection: UInt64)
    case askAgain(LeaseID)
    case brokenLease(LeaseID)
    case askPeerAgain(Address)
    case doubtedBorrower(Address, UInt64)
    /// The GCS was lost a while ago: what it owes is asked for again.
    case gcs
    /// What has become of tasks is reported.
    case taskEvents
}

/// For status, progress and events: a task has entered a state.
package struct TaskChange: Sendable {
    package enum State: Sendable {
        case queued, running, retrying(ErrorRecord), finished, reused, failed(ErrorRecord), cancelled
    }
    package var task: TaskID
    package var lineage: LineageID
    package var name: String
    package var attempt: Attempt
    package var state: State
}
