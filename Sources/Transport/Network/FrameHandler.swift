package import RayflowCore

/// A local endpoint. All calls come on the network's loop and must not block.
package protocol FrameHandler: AnyObject, Sendable {
    /// The body is only borrowed: it may be a slice of a whole read batch, so what outlives the call is copied.
    func receive(kind: UInt8, body: ArraySlice<UInt8>, from: Address)

    /// The peer's process is gone or cannot be reached. Comes after every frame that it sent before, to every local endpoint.
    /// Frames on their way to it may be lost. Sending again tries anew. May come twice for one end.
    func disconnected(_ peer: Address)

    /// The frames of one read batch have been delivered; what is sent now leaves in one flush.
    func turnEnded()
}

extension FrameHandler {
    package func turnEnded() {}
}
