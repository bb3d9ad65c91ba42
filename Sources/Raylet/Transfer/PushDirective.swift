package import RayflowCore

/// What a ``PushQueue`` asks of its shell. Directives are carried out in order.
package enum PushDirective: Sendable, Hashable {
    /// Tell the node that chunks will follow, or that they still will.
    case accept(NodeID, ObjectID, request: UInt64)
    /// Tell the node that nothing follows, and why; `others` get the object now.
    case refuse(NodeID, ObjectID, request: UInt64, PullRefusal, others: [NodeID])
    /// Pack a chunk and send it, if ``PushQueue/isOpen(_:to:request:)`` is still true by then.
    case send(NodeID, ObjectID, request: UInt64, index: UInt32)
    /// Nobody gets the object from here any more.
    case release(ObjectID)
}
