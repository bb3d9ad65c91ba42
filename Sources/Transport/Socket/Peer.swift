import RayflowCore

/// Another process with at least one established connection.
///
/// When both dial at once there are two: everything is sent on the primary, so that order is kept; the others are only read.
final class Peer {
    let instance: UInt64
    var primary: Connection
    var others: [Connection] = []
    var addresses: Set<Address> = []

    init(instance: UInt64, primary: Connection) {
        self.instance = instance
        self.primary = primary
    }
}
