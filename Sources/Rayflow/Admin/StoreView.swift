package import ObjectStore
package import RayflowCore

/// One node's object store as it is told to programs: `objects`, at most as many as asked for, and `totals` of all.
///
/// Sizes are in bytes, times in seconds. `raw` is the size of a value; `arena` and `disk` are what is reserved for it in shared memory and in
/// the spill folder, rounding included, so that their sums are those of the store.
package struct StoreView {
    package var node: NodeID
    package var statistics: StoreStatistics
    package var rows: [StoredRow]
    /// Disk blocks of the spill files.
    package var diskBytes: Int
    package var limit: Int

    package init(node: NodeID, statistics: StoreStatistics, rows: [StoredRow], diskBytes: Int, limit: Int) {
        self.node = node
        self.statistics = statistics
        self.rows = rows
        self.diskBytes = diskBytes
        self.limit = limit
    }

    package var members: JSONObject {
        [
            "node": .string("\(node)"), "objects": .array(rows.prefix(max(limit, 0)).map { .object(member($0)) }),
            "total": .int(rows.count), "totals": .object(totals),
        ]
    }

    private func member(_ row: StoredRow) -> JSONObject {
        [
            "object": .string("\(row.object)"), "task": .string("\(row.object.task)"), "node": .string("\(node)"),
            "tier": .string(row.tier.rawValue), "raw": .int(row.size), "arena": .int(row.arenaBytes), "disk": .int(row.spillBytes),
            "copy": .string(row.isSecondary ? "secondary" : "primary"), "sealed": .bool(row.isSealed), "pins": .int(row.pins),
            "creator": .string("\(row.creator)"), "age": .int(row.age), "idle": .int(row.idle),
        ]
    }

    private var totals: JSONObject {
        [
            "capacity": .int(statistics.capacityBytes), "arena": .int(statistics.usedBytes), "free": .int(statistics.freeBytes),
            "retired": .int(statistics.retiredBytes), "warm": .int(statistics.warmBytes), "disk": .int(statistics.spillBytes),
            "disk-blocks": .int(diskBytes), "spill-files": .int(statistics.spillFiles), "waiting": .int(statistics.pendingCreates),
            "moving": .int(statistics.movesUnderWay), "packed": .int(statistics.packed), "spilled": .int(statistics.spilled),
            "restored": .int(statistics.restored), "dropped": .int(statistics.dropped), "damaged": .int(statistics.damaged),
        ]
    }
}
