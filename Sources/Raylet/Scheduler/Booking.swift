import RayflowCore

/// What a lease occupies of its node while it is granted (or its process starts).
struct Booking: Hashable, Sendable {
    var resources: ResourceSet
    /// The bundle that it draws from; nil: what is free on the node.
    var bundle: BundleID?
    var devices: DeviceShare?

    static let none = Booking(resources: ResourceSet(), bundle: nil, devices: nil)
}

/// Resources that a placement group has set aside on this node.
struct Bundle: Hashable, Sendable {
    var total: ResourceSet
    /// May be negative for a while, as a node's.
    var available: ResourceSet
    var attempt: UInt64
    /// Only then leases draw from it.
    var isCommitted: Bool
}
