/// What the transport accepts at most. Names carry their units.
package enum TransportLimits {
    /// The largest frame on the wire after its length field. Bulk chunks are 5 MiB; this leaves room and still bounds a decoder.
    package static let frameBytes = 64 << 20
    /// The largest body (with its payload) that ``Network/send(kind:body:payload:from:to:)`` takes.
    package static let bodyBytes = frameBytes - FrameCodec.headerBytes
    /// What a decoder sets aside on the word of a length field alone; beyond it memory follows the bytes that really came.
    package static let reservedBytes = 8 << 20
    /// A read buffer larger than this is not kept for the next batch.
    package static let keptBufferBytes = 256 << 10
    /// Frames of one loop turn are handed to the kernel at the turn's end, or when they exceed this.
    package static let turnBytes = 256 << 10
    /// Unsent bytes of one connection. A peer that lets more pile up is disconnected. Also bounds what waits for a connection to be made.
    package static let backlogBytes = 256 << 20
    /// Addresses that one peer may announce.
    package static let announcedAddresses = 256
    /// UTF-8 bytes of a refusal's explanation.
    package static let refusalTextBytes = 1024
    /// A connection that has not completed its handshake by then is closed. Inherited sockets are exempt: their processes are supervised.
    package static let handshakeTime = Duration.seconds(10)
    /// `sun_path` holds 108 bytes with its terminating zero.
    package static let socketPathBytes = 107
    /// Connections waiting to be accepted.
    package static let listenBacklog = 1024
    /// A loop turn beyond this is counted as long.
    package static let turnTime = Duration.milliseconds(5)
}
