/// Makes a placement group. Its state comes as ``PlacementGroupUpdate``, at once and with every change.
public struct CreatePlacementGroup: WireMessage {
    public static let kind: UInt8 = 80
    public var group: PlacementGroupID
    /// Empty: none.
    public var name: String
    public var strategy: PlacementStrategy
    public var bundles: [ResourceSet]

    public init(group: PlacementGroupID, name: String, strategy: PlacementStrategy, bundles: [ResourceSet]) {
        self.group = group
        self.name = name
        self.strategy = strategy
        self.bundles = bundles
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        group = try r.placementGroup()
        name = try r.string()
        strategy = try r.placementStrategy()
        bundles = try r.list(unit: 4) { (r) throws(DecodingFault) in try r.resources() }
    }

    public func write(to w: inout ByteWriter) {
        w.placementGroup(group)
        w.string(name)
        w.u8(strategy.rawValue)
        w.list(bundles) { $0.resources($1) }
    }
}

/// Gives a group's resources back; what runs in it ends. Of an unknown or removed group: nothing.
public struct RemovePlacementGroup: WireMessage {
    public static let kind: UInt8 = 81
    public var group: PlacementGroupID

    public init(group: PlacementGroupID) { self.group = group }
    public init(from r: inout ByteReader) throws(DecodingFault) { group = try r.placementGroup() }
    public func write(to w: inout ByteWriter) { w.placementGroup(group) }
}

/// Asks for every change of a group's state, the present one first.
public struct SubscribePlacementGroup: WireMessage {
    public static let kind: UInt8 = 82
    public var group: PlacementGroupID

    public init(group: PlacementGroupID) { self.group = group }
    public init(from r: inout ByteReader) throws(DecodingFault) { group = try r.placementGroup() }
    public func write(to w: inout ByteWriter) { w.placementGroup(group) }
}

/// State of a group. A higher version supersedes a lower one.
public struct PlacementGroupUpdate: WireMessage {
    public static let kind: UInt8 = 83
    public var group: PlacementGroupID
    public var version: UInt64
    public var state: PlacementGroupState
    public var bundles: [PlacedBundle]
    /// Why it is removed; while it waits, why the nodes that are there can never hold it.
    public var error: ErrorRecord?

    public init(group: PlacementGroupID, version: UInt64, state: PlacementGroupState, bundles: [PlacedBundle], error: ErrorRecord?) {
        self.group = group
        self.version = version
        self.state = state
        self.bundles = bundles
        self.error = error
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        group = try r.placementGroup()
        version = try r.u64()
        state = try r.placementGroupState()
        bundles = try r.list(unit: 5) { (r) throws(DecodingFault) in try r.placedBundle() }
        error = try r.optional { (r) throws(DecodingFault) in try r.errorRecord() }
    }

    public func write(to w: inout ByteWriter) {
        w.placementGroup(group)
        w.u64(version)
        w.u8(state.rawValue)
        w.list(bundles) { $0.placedBundle($1) }
        w.optional(error) { $0.errorRecord($1) }
    }
}

/// First phase: the raylet sets these bundles of a group aside, all or none. Idempotent by `attempt`.
public struct ReserveBundles: WireMessage {
    public static let kind: UInt8 = 84
    public var group: PlacementGroupID
    public var attempt: UInt64
    public var bundles: [BundleRequest]
    /// No other node takes part: what is reserved is committed.
    public var commits: Bool

    public init(group: PlacementGroupID, attempt: UInt64, bundles: [BundleRequest], commits: Bool) {
        self.group = group
        self.attempt = attempt
        self.bundles = bundles
        self.commits = commits
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        group = try r.placementGroup()
        attempt = try r.u64()
        bundles = try r.list(unit: 8) { (r) throws(DecodingFault) in try r.bundleRequest() }
        commits = try r.bool()
    }

    public func write(to w: inout ByteWriter) {
        w.placementGroup(group)
        w.u64(attempt)
        w.list(bundles) { $0.bundleRequest($1) }
        w.bool(commits)
    }
}

/// The raylet's answer to ``ReserveBundles``; not reserved: the node has not enough free.
public struct BundlesReserved: WireMessage {
    public static let kind: UInt8 = 85
    public var group: PlacementGroupID
    public var attempt: UInt64
    public var node: NodeID
    public var isReserved: Bool

    public init(group: PlacementGroupID, attempt: UInt64, node: NodeID, isReserved: Bool) {
        self.group = group
        self.attempt = attempt
        self.node = node
        self.isReserved = isReserved
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        group = try r.placementGroup()
        attempt = try r.u64()
        node = try r.node()
        isReserved = try r.bool()
    }

    public func write(to w: inout ByteWriter) {
        w.placementGroup(group)
        w.u64(attempt)
        w.node(node)
        w.bool(isReserved)
    }
}

/// Second phase, or the end.
public struct SettleBundles: WireMessage, Hashable {
    public enum Verdict: UInt8, Sendable {
        /// What the attempt reserved may be used.
        case commit = 0
        /// What the attempt reserved goes back.
        case rollBack = 1
        /// The group is removed: all its bundles go back, what runs in them ends.
        case remove = 2
    }
    public static let kind: UInt8 = 86
    public var group: PlacementGroupID
    public var attempt: UInt64
    public var verdict: Verdict

    public init(group: PlacementGroupID, attempt: UInt64, verdict: Verdict) {
        self.group = group
        self.attempt = attempt
        self.verdict = verdict
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        group = try r.placementGroup()
        attempt = try r.u64()
        guard let verdict = Verdict(rawValue: try r.u8()) else { throw DecodingFault("unknown verdict on bundles", at: r.offset - 1) }
        self.verdict = verdict
    }

    public func write(to w: inout ByteWriter) {
        w.placementGroup(group)
        w.u64(attempt)
        w.u8(verdict.rawValue)
    }
}

/// The raylet has carried out what ``SettleBundles`` said. Until then it is said again.
public struct BundlesSettled: WireMessage {
    public static let kind: UInt8 = 89
    public var settled: SettleBundles

    public init(settled: SettleBundles) {
        self.settled = settled
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        settled = try SettleBundles(from: &r)
    }

    public func write(to w: inout ByteWriter) {
        settled.write(to: &w)
    }
}

/// Finds a placement group by name.
public struct LookupPlacementGroup: WireMessage {
    public static let kind: UInt8 = 87
    public var request: UInt64
    public var name: String

    public init(request: UInt64, name: String) {
        self.request = request
        self.name = name
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        name = try r.string()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.string(name)
    }
}

/// The group of that name and how many bundles it has, or nil.
public struct PlacementGroupFound: WireMessage {
    public static let kind: UInt8 = 88
    public var request: UInt64
    public var group: PlacementGroupID?
    public var bundleCount: UInt32

    public init(request: UInt64, group: PlacementGroupID?, bundleCount: UInt32) {
        self.request = request
        self.group = group
        self.bundleCount = bundleCount
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        group = try r.optional { (r) throws(DecodingFault) in try r.placementGroup() }
        bundleCount = try r.u32()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.optional(group) { $0.placementGroup($1) }
        w.u32(bundleCount)
    }
}

/// Asks a raylet why a request for a worker waits.
public struct ExplainLease: WireMessage {
    public static let kind: UInt8 = 78
    public var request: UInt64
    public var lease: LeaseID

    public init(request: UInt64, lease: LeaseID) {
        self.request = request
        self.lease = lease
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        lease = try r.lease()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.lease(lease)
    }
}

/// The scheduler's own answer; nil: it has no such request.
public struct LeaseExplained: WireMessage {
    public static let kind: UInt8 = 79
    public var request: UInt64
    public var reason: PendingReason?

    public init(request: UInt64, reason: PendingReason?) {
        self.request = request
        self.reason = reason
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        reason = try r.optional { (r) throws(DecodingFault) in try r.pendingReason() }
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.optional(reason) { $0.pendingReason($1) }
    }
}
