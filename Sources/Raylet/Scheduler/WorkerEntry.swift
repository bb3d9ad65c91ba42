import RayflowCore

/// One worker process, from the order to spawn it until its exit was seen.
struct WorkerEntry: Sendable {
    enum State: Hashable, Sendable {
        case starting
        /// Monotonic nanoseconds.
        case idle(since: UInt64)
        case leased(LeaseID)
        /// Told to end. What its lease had booked comes back when the process is gone; then a requester that reported the worker as
        /// failed hears of it, so that it may start the next attempt.
        case dying(held: Booking, lease: LeaseID?, requester: Address?)
    }

    var pool: WorkerPoolKey
    var pid: UInt32 = 0
    var state = State.starting
    /// The lease of an actor whose process this is; such a process never runs tasks. Or, until it is granted, one that needs GPUs.
    var dedicated: LeaseID?
    /// The numbers of the GPUs that the process sees, for its life.
    var devices: [UInt32] = []
    var uses = 0
    var isBlocked = false
    /// It has said so when it was asked whether it may go, and has not been leased since.
    var isInUse = false
    var killed: WorkerKillReason?

    var job: JobID { pool.job }
    var isDying: Bool { if case .dying = state { true } else { false } }
}
