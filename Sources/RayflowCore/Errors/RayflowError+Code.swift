extension RayflowError {
    /// The kind of a failure. Open: later versions add codes, so a `switch` needs a `default`.
    public struct Code: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
        public var rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public var description: String { rawValue }
    }
}

extension RayflowError.Code {
    /// The remote body threw an error.
    public static let taskFailed = Self(rawValue: "taskFailed")
    /// The worker process died under the task and no retry was left.
    public static let workerCrashed = Self(rawValue: "workerCrashed")
    /// The actor is dead and will not come back.
    public static let actorDied = Self(rawValue: "actorDied")
    /// The actor cannot be reached at the moment; the call may or may not have run.
    public static let actorUnavailable = Self(rawValue: "actorUnavailable")
    /// A logged actor call gave another result when it was replayed.
    public static let actorNotDeterministic = Self(rawValue: "actorNotDeterministic")
    /// Every copy is gone and recomputing was not possible.
    public static let objectLost = Self(rawValue: "objectLost")
    /// The process that owned the object died, and with it what was known about the object.
    public static let ownerDied = Self(rawValue: "ownerDied")
    /// A stream that was produced again after a crash had fewer items than before.
    public static let streamNotDeterministic = Self(rawValue: "streamNotDeterministic")
    /// What would be needed to recompute the object is no longer kept.
    public static let lineageEvicted = Self(rawValue: "lineageEvicted")
    /// The object was not ready within the time given to `get`.
    public static let getTimeout = Self(rawValue: "getTimeout")
    /// An attempt ran longer than its `timeout`.
    public static let taskTimeout = Self(rawValue: "taskTimeout")
    /// The task was cancelled.
    public static let cancelled = Self(rawValue: "cancelled")
    public static let outOfMemory = Self(rawValue: "outOfMemory")
    /// Neither eviction nor spilling made enough room in the object store.
    public static let objectStoreFull = Self(rawValue: "objectStoreFull")
    /// The object store is full, and the disk of its spill folder too.
    public static let outOfDisk = Self(rawValue: "outOfDisk")
    /// Another node may have room.
    package var isLackOfRoom: Bool { self == .objectStoreFull || self == .outOfDisk }
    /// No node could ever satisfy the resources or the placement.
    public static let unschedulable = Self(rawValue: "unschedulable")
    /// The placement group of the task or actor was removed, and with it what ran there.
    public static let placementGroupRemoved = Self(rawValue: "placementGroupRemoved")
    /// The driver's limit of tasks that are not finished is reached.
    public static let tooManyPending = Self(rawValue: "tooManyPending")
    /// More calls of this actor are unfinished than its `maxPendingCalls` allows; the call was not made.
    public static let pendingCallsLimit = Self(rawValue: "pendingCallsLimit")
    public static let runtimeEnvSetup = Self(rawValue: "runtimeEnvSetup")
    /// The function, actor type or member is not in the registry of this program.
    public static let notRegistered = Self(rawValue: "notRegistered")
    /// The program of the workers is another build than the driver's, or has another registry: none of them can serve it.
    public static let programMismatch = Self(rawValue: "programMismatch")
    /// Of a refused request for a worker: no later request like it could be served either.
    package var isForGood: Bool {
        switch self {
        case .unschedulable, .placementGroupRemoved, .runtimeEnvSetup, .programMismatch: true
        default: false
        }
    }
    /// The registry has faults; the message lists all of them.
    public static let invalidRegistry = Self(rawValue: "invalidRegistry")
    /// An object was read as a type that it is not.
    public static let typeMismatch = Self(rawValue: "typeMismatch")
    /// An argument or option that cannot be used.
    public static let invalidArgument = Self(rawValue: "invalidArgument")
    /// Bytes that no encoder of this version wrote.
    public static let corrupt = Self(rawValue: "corrupt")
    /// A wait that could never end.
    public static let deadlock = Self(rawValue: "deadlock")
    /// No cluster, or several, could be meant: use `f.on(cluster)` or `cluster.run { … }`.
    public static let noCluster = Self(rawValue: "noCluster")
    /// Only a cluster of daemons can do this, not one that lives in the driver.
    public static let needsCluster = Self(rawValue: "needsCluster")
    /// An option or operation that this version does not carry out.
    public static let unsupported = Self(rawValue: "unsupported")
    /// The cluster has been shut down.
    public static let shutDown = Self(rawValue: "shutDown")
    /// The operating system refused.
    public static let system = Self(rawValue: "system")
}
