/// What happens to one frame.
package enum FaultAction: Sendable, Hashable {
    case deliver
    case drop
    case duplicate
    /// Later frames to the same address wait behind it, as on a slow line.
    case delay(nanoseconds: UInt64)
    /// Later frames overtake it.
    case reorder(nanoseconds: UInt64)
    /// The frame is lost and the connection with it.
    case disconnect
    /// One bit of it changes on its way: which one, as a random word. Frames that do not leave the process are not on the way.
    case flip(UInt64)
    /// One bit of its body has changed before its checksum was made, as in faulty memory.
    case corrupt(UInt64)
}
