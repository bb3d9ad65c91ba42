package import RayflowCore

/// A row of a table as clients see it.
package protocol TableRow: Hashable, Sendable {
    static var table: GCSTable { get }
    /// Where its changes are told; nil: nowhere.
    static var channel: GCSChannel? { get }
    /// Unique in the table.
    var key: [UInt8] { get }
    /// What filters compare and status output shows, in the order shown.
    var fields: JSONObject { get }
    init(from reader: inout ByteReader) throws(DecodingFault)
    func write(to writer: inout ByteWriter)
}

extension TableRow {
    package static var channel: GCSChannel? { nil }

    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 64)
        write(to: &writer)
        return writer.bytes
    }

    package init(decoding bytes: [UInt8]) throws(DecodingFault) {
        var reader = ByteReader(bytes)
        try self.init(from: &reader)
        try reader.finish()
    }

    package func matches(_ filters: [RowFilter]) -> Bool {
        if filters.isEmpty { return true }
        let fields = fields
        return filters.allSatisfy { $0.matches(fields) }
    }
}

/// Keys of rows.
package enum RowKey {
    package static func of(_ body: (inout ByteWriter) -> Void) -> [UInt8] {
        var writer = ByteWriter(reserving: 16)
        body(&writer)
        return writer.bytes
    }
    package static func node(_ id: NodeID) -> [UInt8] { of { $0.node(id) } }
    package static func job(_ id: JobID) -> [UInt8] { of { $0.job(id) } }
    package static func actor(_ id: ActorID) -> [UInt8] { of { $0.actor(id) } }
    package static func placementGroup(_ id: PlacementGroupID) -> [UInt8] { of { $0.placementGroup(id) } }
    package static func address(_ address: Address) -> [UInt8] { of { $0.address(address) } }
    package static func task(_ id: TaskID, _ attempt: Attempt) -> [UInt8] {
        of {
            $0.task(id)
            $0.attempt(attempt)
        }
    }
    package static func name(_ namespace: String, _ name: String) -> [UInt8] {
        of {
            $0.string(namespace)
            $0.string(name)
        }
    }
}
