import RayflowCore

/// An object that requests of this node wait for or rely on.
struct DependencyNeed: Sendable {
    var leases: [LeaseID] = []
    var isLocal = false
}
