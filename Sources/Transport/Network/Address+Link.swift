import RayflowCore

extension Address {
    /// The other end of a connection: what the transports say to each other.
    static let link = Address(node: .max, entity: .max)
}

/// Kinds of the frames to ``Address/link``. Any other frame's kind belongs to the messages.
enum ControlKind: UInt8 {
    case hello = 1
    case refusal = 2
    /// Addresses that the peer serves from now on.
    case announce = 3
    /// Addresses that it no longer serves.
    case withdraw = 4
}
