/// Why received bytes are not a frame. After one the stream is lost, and the connection with it.
package enum FrameFault: Error, Sendable, Hashable, CustomStringConvertible {
    case tooShort(bytes: Int)
    case tooLong(bytes: Int)
    case checksum(expected: UInt32, found: UInt32)
    /// The decoder was asked again after an earlier fault.
    case streamLost

    package var description: String {
        switch self {
        case .tooShort(let bytes): return "a frame of \(bytes) bytes is shorter than its header"
        case .tooLong(let bytes): return "a frame of \(bytes) bytes exceeds the limit of \(TransportLimits.frameBytes)"
        case .checksum(let expected, let found): return "a frame's checksum is \(found), its bytes give \(expected)"
        case .streamLost: return "the stream was given up after a broken frame"
        }
    }
}
