package import RayflowCore

/// The state of a raylet's scheduler for status output, in a stable order.
package struct RayletSnapshot: Hashable, Sendable {
    package struct Worker: Hashable, Sendable {
        package enum State: String, Hashable, Sendable { case starting, idle, leased, dying }
        package var process: UInt64
        package var pid: UInt32
        package var job: JobID
        package var state: State
        package var isActor: Bool
        package var isBlocked: Bool
        package var lease: LeaseID?
    }

    package struct Lease: Hashable, Sendable {
        package var lease: LeaseID
        package var requester: Address
        package var job: JobID
        package var kind: LeaseKind
        package var resources: ResourceSet
        package var priority: Int32
        /// Since the request arrived.
        package var ageNS: UInt64
        package var reason: PendingReason
    }

    package var node: NodeID
    package var total: ResourceSet
    package var available: ResourceSet
    /// By process number.
    package var workers: [Worker]
    package var granted: [Lease]
    /// Not granted yet, oldest first.
    package var waiting: [Lease]
    package var counters: RayletCounters
}

/// What has happened since the raylet started.
package struct RayletCounters: Hashable, Sendable {
    package var requested: UInt64 = 0
    package var granted: UInt64 = 0
    package var spilled: UInt64 = 0
    package var rejected: UInt64 = 0
    package var cancelled: UInt64 = 0
    package var returned: UInt64 = 0
    package var lost: UInt64 = 0
    package var duplicates: UInt64 = 0
    /// Messages and events that make no sense here; they change nothing.
    package var unexpected: UInt64 = 0
    package var spawned: UInt64 = 0
    package var furtherWorkers: UInt64 = 0
    package var idleEnded: UInt64 = 0
    /// Workers ended because the node was short of memory.
    package var outOfMemory: UInt64 = 0
    /// Workers that were turned away.
    package var refused: UInt64 = 0
}
