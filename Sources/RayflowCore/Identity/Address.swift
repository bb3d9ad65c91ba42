/// 16 bytes: where a frame comes from or goes to. One process may answer to several.
///
/// Entity 0 of node 0 is the GCS, entity 0 of any other node is its raylet, and any other entity is a process (driver or worker).
/// Node IDs are never 0.
public struct Address: Hashable, Sendable, BitwiseCopyable {
    public var node: UInt64
    public var entity: UInt64
    public init(node: UInt64, entity: UInt64) {
        self.node = node
        self.entity = entity
    }
    /// Like the IDs': found for every message.
    public func _rawHashValue(seed: Int) -> Int { mixed(node ^ entity, seed) }

    public static let gcs = Address(node: 0, entity: 0)
    public static func raylet(of node: NodeID) -> Address { Address(node: node.value, entity: 0) }
    /// - Parameter id: unique in the cluster and not 0, the number of the driver or worker.
    public static func process(id: UInt64, on node: NodeID) -> Address { Address(node: node.value, entity: id) }

    public var isGCS: Bool { self == .gcs }
    public var isRaylet: Bool { entity == 0 && node != 0 }
    public var isProcess: Bool { entity != 0 }
    public var nodeID: NodeID { NodeID(node) }
}

extension Address: CustomStringConvertible {
    public var description: String {
        if isGCS { return "gcs" }
        return isRaylet ? "raylet-\(hex(node))" : "process-\(hex(entity))@\(hex(node))"
    }
}

extension Address {
    /// What ``description`` shows of a process; nil for any other text.
    package init?(_ text: String) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].hasPrefix("process-"), let entity = UInt64(parts[0].dropFirst(8), radix: 16),
            let node = UInt64(parts[1], radix: 16)
        else { return nil }
        self.init(node: node, entity: entity)
    }
}

extension ByteWriter {
    public mutating func address(_ value: Address) {
        u64(value.node)
        u64(value.entity)
    }
}

extension ByteReader {
    public mutating func address() throws(DecodingFault) -> Address { Address(node: try u64(), entity: try u64()) }
}
