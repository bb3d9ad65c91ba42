import RayflowCore

/// What becomes of the connections of a ``SocketNetwork``, for logs and for those whose life hangs on one.
package enum LinkEvent: Sendable {
    case established(Hello)
    /// The handshake failed; the text is for the person.
    case refused(Refusal, byPeer: Bool)
    /// No connection came about at this path.
    case unreachable(path: String, why: String)
    /// An established connection ended; `why` is nil when the peer simply closed it.
    case closed(Hello, why: String?)
}
