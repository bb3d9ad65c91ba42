package import RayflowCore

/// What a ``PullQueue`` asks of its shell. Directives are carried out in order.
package enum PullDirective: Sendable, Hashable {
    /// Room for a copy of the object; `roomGranted`, `roomRefused`, `isBeingWritten` or `arrived` follows.
    case makeRoom(ObjectID, size: Int, owner: Address)
    /// Nobody wants the object now: its room is free again with all that has come, granted or not.
    case dropRoom(ObjectID)
    /// These have no room yet, and will ask for it again later.
    case putBack([ObjectID])
    /// Ask the node for what is missing of the object.
    case ask(NodeID, ObjectID, request: UInt64)
    /// Tell the node that nothing more is wanted of a request.
    case cancel(NodeID, ObjectID, request: UInt64)
    /// Whoever gets the object from here is to look elsewhere: it does not come, for now.
    case stalled(ObjectID)
    /// The pull is over, without a copy. `lost` names nodes that have none, or are gone.
    case failed(ObjectID, ErrorRecord, lost: [NodeID])
    case startTimer(PullTimer, afterNS: UInt64)
}

package enum PullTimer: Sendable, Hashable {
    /// Which of the sources that were asked are silent.
    case silence
    /// The connection to the source of a request broke.
    case broken(ObjectID, request: UInt64)
    /// All sources have refused.
    case pause(ObjectID, turn: UInt64)
    /// A process of this node is writing the object.
    case seal(ObjectID, turn: UInt64)
}
