package import RayflowCore

/// One row of the ownership table.
struct ObjectEntry: Sendable {
    /// Who owns it; borrowed rows name another process.
    var owner: Address
    var state: ObjectState?
    var lineage: LineageID
    /// Refs held by this process.
    var localRefs: Int32 = 0
    /// Pending tasks of this owner that have it among their arguments.
    var taskRefs: Int32 = 0
    /// Finished objects of this table whose value holds a ref to it.
    var containedIn: Int32 = 0
    /// Messages with a ref to it that are not secured: sent and not acknowledged, or arrived and being claimed.
    var underWay: Int32 = 0
    /// Kept tasks that have it among their arguments.
    var lineageRefs: Int32 = 0
    /// ``OwnerInstance/recoveries`` when it was last made again; 0: never.
    var recoveredAt: UInt32 = 0
    /// Whether the value can be made again once every copy is lost.
    var recovery = Recovery.none
    /// Its copies were freed because nobody needs the value; the row stays because a kept task would need it to run again.
    var isSetAside = false
    /// The owner, another process, has been told of lost copies.
    var hasReportedLoss = false
    /// This process owns it and hands it over with a message that is not secured yet.
    var isLeaving = false
    /// Other processes keep refs to it.
    var isMarked = false
    var dependents: [TaskID] = []
    var remoteWaiters: [(address: Address, request: UInt64)] = []
    var isAskedFor = false
    private var pending: Boxed<ObjectState>?
    /// The state that waits to be persisted before it may be seen.
    var pendingState: ObjectState? {
        get { pending?.value }
        set { pending = Boxed(newValue) }
    }

    init(owner: Address, lineage: LineageID) {
        self.owner = owner
        self.lineage = lineage
    }

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

    /// A finished value without refs and copies, with no lineage on either side: nobody hears when its row goes.
    func isPlain(of process: Address) -> Bool {
        guard owner == process, lineageRefs == 0, recovery == .none, case .inline(let enclosed)? = state else { return false }
        return enclosed.payload.refs.isEmpty
    }

    var isNeeded: Bool { localRefs > 0 || taskRefs > 0 || containedIn > 0 || underWay > 0 || isMarked || !remoteWaiters.isEmpty }
}

/// What most rows of a large table do not have: one pointer in each of them, whatever its size.
indirect enum Boxed<Value: Sendable>: Sendable {
    case some(Value)

    init?(_ value: Value?) {
        guard let value else { return nil }
        self = .some(value)
    }

    var value: Value {
        switch self {
        case .some(let value): value
        }
    }
}

extension ObjectState {
    /// Refs nested in the value that it keeps alive: handles that were got by name do not count.
    var countedRefs: [(id: ObjectID, origin: RefOrigin)] { enclosedRefs.filter { $0.origin.owner != .gcs } }

    /// Refs nested in the value, with their origins.
    package var enclosedRefs: [(id: ObjectID, origin: RefOrigin)] {
        switch self {
        case .inline(let enclosed): return zip(enclosed.payload.refs, enclosed.origins).map { ($0, $1) }
        case .stored(_, _, let refs, let origins): return zip(refs, origins).map { ($0, $1) }
        case .failed: return []
        }
    }
}
