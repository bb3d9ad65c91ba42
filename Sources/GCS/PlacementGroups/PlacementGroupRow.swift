package import RayflowCore

/// One placement group as others see it and as it is stored.
package struct PlacementGroupRow: TableRow {
    package static var table: GCSTable { .placementGroup }
    package static var channel: GCSChannel? { .placementGroup }
    package var group: PlacementGroupID
    package var name: String
    package var strategy: PlacementStrategy
    package var state: PlacementGroupState
    package var bundles: [PlacedBundle]
    /// Why it was removed, or why no node can have what it waits for.
    package var error: ErrorRecord?
    /// Counts its plans: what an earlier one reserved is rolled back.
    package var attempt: UInt64
    package var version: UInt64

    init(_ entry: PlacementGroupEntry) {
        let update = entry.update
        (group, name, strategy, state) = (entry.id, entry.name, entry.strategy, update.state)
        (bundles, error, attempt, version) = (update.bundles, update.error, entry.attempt, entry.version)
    }

    package var key: [UInt8] { RowKey.placementGroup(group) }
    package var fields: JSONObject {
        [
            "group": .string("\(group)"), "state": .string("\(state)"), "name": .string(name), "strategy": .string("\(strategy)"),
            "job": .string("\(group.job)"),
            "bundles": .string(bundles.map { "\($0.resources)" + ($0.node.map { " on \($0)" } ?? "") }.joined(separator: "; ")),
            "error": error.map { .string($0.message) } ?? .null,
        ]
    }

    package init(from r: inout ByteReader) throws(DecodingFault) {
        group = try r.placementGroup()
        name = try r.string()
        strategy = try r.placementStrategy()
        state = try r.placementGroupState()
        bundles = try r.list(unit: 5) { (r) throws(DecodingFault) in try r.placedBundle() }
        error = try r.optional { (r) throws(DecodingFault) in try r.errorRecord() }
        attempt = try r.u64()
        version = try r.u64()
    }
    package func write(to w: inout ByteWriter) {
        w.placementGroup(group)
        w.string(name)
        w.u8(strategy.rawValue)
        w.u8(state.rawValue)
        w.list(bundles) { $0.placedBundle($1) }
        w.optional(error) { $0.errorRecord($1) }
        w.u64(attempt)
        w.u64(version)
    }

    /// Without the count of plans, which nobody follows.
    func looksLike(_ other: PlacementGroupRow?) -> Bool {
        var other = other
        other?.attempt = attempt
        return self == other
    }
}
