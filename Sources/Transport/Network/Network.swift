package import RayflowCore

/// Moves frames between the endpoints of this process and those of others. Every call is made on ``loop``.
///
/// Order is kept between each pair of processes. Frames sent in one loop turn leave together at its end.
package protocol Network: AnyObject, Sendable {
    var loop: Loop { get }

    /// Makes `handler` answer to `address`, and says so to the peers. The address must be free.
    func attach(_ address: Address, handler: any FrameHandler)

    /// The address is not served any more: peers are told, and it counts for them as disconnected.
    func detach(_ address: Address)

    /// The frame's body is `body` followed by `payload`, which is copied before the call returns. At most ``TransportLimits/bodyBytes``.
    ///
    /// Never calls a handler before it returns: local frames and failures are delivered in order on this or the next turn.
    func send(kind: UInt8, body: [UInt8], payload: UnsafeRawBufferPointer, from: Address, to: Address)

    /// Hands what was sent so far to the kernel now, instead of at the end of the turn.
    func flush()
}

extension Network {
    package func send(kind: UInt8, body: [UInt8], from: Address, to: Address) {
        send(kind: kind, body: body, payload: UnsafeRawBufferPointer(start: nil, count: 0), from: from, to: to)
    }
}
