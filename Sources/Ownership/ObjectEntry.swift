package import RayflowCore

/// One row of the ownership table.
struct ObjectEntry: Sendable {
    /// Who owns it; borrowed rows name another process.
    var owner: Address
    var state: ObjectState?
    var lineage: LineageID
    /// Refs held by this process.
    var localRefs = 0
    /// Pending tasks of this owner that have it among their arguments.
    var taskRefs = 0
    /// Finished objects of this table whose value holds a ref to it.
    var containedIn = 0
    /// A ref to it has left this process inside a value. Until borrowers are counted it is then kept for the life of the job.
    var hasEscaped = false
    /// Whether the value can be made again once every copy is lost.
    var recovery = Recovery.none
    /// Its copies were freed because nobody needs the value; the row stays because a kept task would need it to run again.
    var isSetAside = false
    /// The owner, another process, has been told of lost copies.
    var hasReportedLoss = false
    /// Kept tasks that have it among their arguments.
    var lineageRefs: Int32 = 0
    /// ``OwnerInstance/recoveries`` when it was last made again; 0: never.
    var recoveredAt: UInt32 = 0
    var dependents: [TaskID] = []
    var remoteWaiters: [(address: Address, request: UInt64)] = []
    var isAskedFor = false
    /// The state that waits to be persisted before it may be seen.
    var pendingState: ObjectState?

    enum Recovery: UInt8, Sendable {
        case none
        /// Its task is in the lineage.
        case kept
        case evicted, exhausted, disabled
    }

    /// Finished, and as far as is known there is something to read.
    var isAvailable: Bool {
        switch state {
        case .stored(let nodes, _, _, _)?: !nodes.isEmpty
        case nil: false
        default: true
        }
    }

    var isNeeded: Bool { localRefs > 0 || taskRefs > 0 || containedIn > 0 || hasEscaped || !remoteWaiters.isEmpty }
}

extension ObjectState {
    /// Refs nested in the value, with their origins.
    package var enclosedRefs: [(id: ObjectID, origin: RefOrigin)] {
        switch self {
        case .inline(let enclosed): return zip(enclosed.payload.refs, enclosed.origins).map { ($0, $1) }
        case .stored(_, _, let refs, let origins): return zip(refs, origins).map { ($0, $1) }
        case .failed: return []
        }
    }
}
