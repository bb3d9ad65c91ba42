package import RayflowCore

/// What a ``GCSInstance`` asks of its shell. Directives are carried out in order.
package enum GCSDirective: Sendable {
    case send(Message, to: Address)
    /// Write these rows, wholly or not at all. No message that follows leaves before they are written, so nobody is told what a restarted GCS
    /// would not know.
    case persist([StoreChange])
    case startTimer(GCSTimer, afterNS: UInt64)
    /// Read the logged calls of an actor from the run's journal; `actorHistoryLoaded` or `actorHistoryFailed` follows.
    case loadActorHistory(ActorID, LineageID)
}

package enum GCSTimer: Hashable, Sendable {
    case broadcast
    case health
    case nodeGone(NodeID, generation: UInt64)
    case driverGone(JobID, generation: UInt64)
    case restartActor(ActorID, incarnation: UInt32)
    case unknownActor(ActorID)
    /// A look at the placement groups that wait for room or for answers.
    case placementGroups
    case endActor(ActorID, incarnation: UInt32)
    /// The process that made actors has not been heard of since its connection broke.
    case ownerGone(Address, generation: UInt64)
    case pushAgain(ActorID)
}
