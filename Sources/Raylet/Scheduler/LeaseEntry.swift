import RayflowCore

/// One request for a worker, from its arrival to the end of the lease.
struct LeaseEntry: Sendable {
    enum State: Hashable, Sendable {
        /// Does not fit this node, and which others there are is not known yet.
        case unplaced
        /// Waits for objects to become local.
        case fetching(missing: Set<ObjectID>)
        /// Waits for resources or a worker.
        case queued
        /// Actors and requests for GPUs: resources are booked, the process of its own starts.
        case starting(process: UInt64)
        /// `process` is nil for steps: they share the node's step host.
        case granted(process: UInt64?, worker: Address)
    }

    var request: RequestLease
    var requester: Address
    /// Monotonic nanoseconds.
    var arrived: UInt64
    var state: State
    var startFailures = 0
    /// GPUs, from the start of the process that gets them.
    var devices: DeviceShare?

    var key: LeaseQueue.Key {
        LeaseQueue.Key(
            job: request.job, kind: request.kind, resources: request.resources, bundle: request.bundle, environment: request.environment)
    }
    var pool: WorkerPoolKey { request.pool }
    var booking: Booking { Booking(resources: request.resources, bundle: request.bundle, devices: devices) }
    var needsDevices: Bool { request.resources[ResourceSet.gpu] > 0 }
    var isBooked: Bool {
        switch state {
        case .starting, .granted: true
        case .unplaced, .fetching, .queued: false
        }
    }
}

extension RequestLease {
    var pool: WorkerPoolKey { WorkerPoolKey(job: job, environment: environment) }
}
