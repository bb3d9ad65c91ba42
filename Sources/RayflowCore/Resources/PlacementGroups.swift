/// 12 bytes: 8 unique in the job, then the job of its creator.
public struct PlacementGroupID: Hashable, Sendable, BitwiseCopyable {
    public var unique: UInt64
    public var job: JobID
    public init(unique: UInt64, job: JobID) {
        self.unique = unique
        self.job = job
    }
}

/// An order for directives: the same events give the same ones.
extension PlacementGroupID: Comparable {
    public static func < (a: PlacementGroupID, b: PlacementGroupID) -> Bool { (a.job.value, a.unique) < (b.job.value, b.unique) }
}

extension PlacementGroupID: CustomStringConvertible { public var description: String { hex(unique) + job.description } }

/// How the bundles of a placement group lie on nodes.
public enum PlacementStrategy: UInt8, Sendable, CaseIterable {
    /// On as few nodes as possible.
    case pack = 0
    /// On as many nodes as possible.
    case spread = 1
    /// On one node, or not at all.
    case strictPack = 2
    /// Each on a node of its own, or not at all.
    case strictSpread = 3
}

public enum PlacementGroupState: UInt8, Sendable {
    /// Nothing is reserved yet.
    case pending = 0
    /// Every bundle is reserved.
    case created = 1
    /// Nodes with bundles have died; these bundles are being reserved elsewhere.
    case rescheduling = 2
    case removed = 3
}

/// Resources reserved together on one node, and which: nil while there is none.
public struct PlacedBundle: Hashable, Sendable {
    public var resources: ResourceSet
    public var node: NodeID?
    public init(resources: ResourceSet, node: NodeID?) {
        self.resources = resources
        self.node = node
    }
}

/// One bundle by its position in its group.
public struct BundleID: Hashable, Sendable {
    public var group: PlacementGroupID
    public var index: UInt32
    public init(group: PlacementGroupID, index: UInt32) {
        self.group = group
        self.index = index
    }
}

extension BundleID: CustomStringConvertible { public var description: String { "\(group).\(index)" } }

/// A bundle that a node is to reserve.
public struct BundleRequest: Hashable, Sendable {
    public var index: UInt32
    public var resources: ResourceSet
    public init(index: UInt32, resources: ResourceSet) {
        self.index = index
        self.resources = resources
    }
}

/// A bundle that a node keeps, and the plan that it was reserved by.
public struct HeldBundle: Hashable, Sendable {
    public var id: BundleID
    public var attempt: UInt64
    public var isCommitted: Bool
    public init(id: BundleID, attempt: UInt64, isCommitted: Bool) {
        self.id = id
        self.attempt = attempt
        self.isCommitted = isCommitted
    }
}

extension ByteWriter {
    public mutating func placementGroup(_ id: PlacementGroupID) {
        u64(id.unique)
        job(id.job)
    }
    public mutating func placedBundle(_ value: PlacedBundle) {
        resources(value.resources)
        optional(value.node) { $0.node($1) }
    }
    public mutating func heldBundle(_ value: HeldBundle) {
        placementGroup(value.id.group)
        u32(value.id.index)
        u64(value.attempt)
        bool(value.isCommitted)
    }
    public mutating func bundleRequest(_ value: BundleRequest) {
        u32(value.index)
        resources(value.resources)
    }
}

extension ByteReader {
    public mutating func placementGroup() throws(DecodingFault) -> PlacementGroupID {
        PlacementGroupID(unique: try u64(), job: try job())
    }
    public mutating func placementStrategy() throws(DecodingFault) -> PlacementStrategy {
        guard let value = PlacementStrategy(rawValue: try u8()) else { throw DecodingFault("unknown placement strategy", at: offset - 1) }
        return value
    }
    public mutating func placementGroupState() throws(DecodingFault) -> PlacementGroupState {
        guard let value = PlacementGroupState(rawValue: try u8()) else {
            throw DecodingFault("unknown state of a placement group", at: offset - 1)
        }
        return value
    }
    public mutating func placedBundle() throws(DecodingFault) -> PlacedBundle {
        PlacedBundle(resources: try resources(), node: try optional { (reader) throws(DecodingFault) in try reader.node() })
    }
    public mutating func heldBundle() throws(DecodingFault) -> HeldBundle {
        HeldBundle(id: BundleID(group: try placementGroup(), index: try u32()), attempt: try u64(), isCommitted: try bool())
    }
    public mutating func bundleRequest() throws(DecodingFault) -> BundleRequest {
        BundleRequest(index: try u32(), resources: try resources())
    }
}
