package import RayflowCore

/// What a ``RayletInstance`` asks of its shell. Directives are carried out in order.
package enum RayletDirective: Sendable {
    case send(Message, to: Address)
    /// Spawn a worker with this process number; `workerSpawned` or `spawnFailed` follows, then `workerExited` when its pidfd says so.
    case spawnWorker(process: UInt64, job: JobID)
    /// End the process; `workerExited` follows. For ``WorkerKillReason/isGentle`` reasons `ShutdownWorker` is enough.
    case killWorker(process: UInt64, WorkerKillReason)
    case startTimer(RayletTimer, afterNS: UInt64)
    /// Bring the object to this node and keep it there until ``cancelDependency``; `dependencyLocal` or `dependencyFailed` follows.
    case fetchDependency(Dependency)
    /// No lease needs the object any more (its request was granted, answered or cancelled).
    case cancelDependency(ObjectID)
    /// What the node has free has changed.
    case reportResources(ResourceSet)
    /// The cluster has given this node up: when its workers are gone, the raylet ends.
    case fenced
    /// Other nodes are gone, and with them their copies of objects.
    case nodesGone(Set<NodeID>)
}

/// Why a worker process is ended.
package enum WorkerKillReason: String, Hashable, Sendable {
    case idle, actorEnded, workerFailed, ownerDied, jobEnded, startTimeout, unwanted, fenced, groupRemoved, devicesReturned, outOfMemory
    /// Nothing runs in the process: it may end by itself.
    package var isGentle: Bool { self == .idle || self == .devicesReturned }
}

extension WorkerKillReason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .idle: "it was idle"
        case .actorEnded: "its actor ended"
        case .workerFailed: "its actor was killed, or who had it gave it up"
        case .ownerDied: "the owner of its task died"
        case .jobEnded: "its job ended"
        case .startTimeout: "it did not start in time"
        case .unwanted: "nobody waits for it any more"
        case .fenced: "its node was taken for dead"
        case .groupRemoved: "its placement group was removed"
        case .devicesReturned: "its devices went back"
        case .outOfMemory: "the node was short of memory"
        }
    }
}

package enum RayletTimer: Hashable, Sendable {
    case workerStart(process: UInt64)
    case idleWorkers
    /// A further worker for a pool all of whose workers are blocked.
    case furtherWorker(WorkerPoolKey, generation: UInt64)
    /// The GCS has not answered a registration.
    case registration
}
