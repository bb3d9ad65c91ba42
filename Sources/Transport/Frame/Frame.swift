package import RayflowCore

/// One message as the transport sees it: opaque bytes between two addresses.
///
/// The body may be a slice of a whole read batch: whoever keeps it beyond the call copies it (`Array(body)`).
package struct Frame: Sendable {
    /// The message's number.
    package var kind: UInt8
    package var from: Address
    package var to: Address
    package var body: ArraySlice<UInt8>

    package init(kind: UInt8, from: Address, to: Address, body: ArraySlice<UInt8>) {
        self.kind = kind
        self.from = from
        self.to = to
        self.body = body
    }
}
