package import ObjectStore
package import Raylet
package import RayflowCore

/// One node's object store as its raylet tells of it: `objects`, at most as many as asked for, and the sums of all.
///
/// Sizes are in bytes, times in seconds. `raw` is the size of a value; `arena` and `disk` are what is reserved for it in shared memory and in
/// the spill folder, rounding included, so that their sums are those of the store.
package struct StoreView {
    package var node: NodeID
    package var accounts: StoreAccounts
    /// In order.
    package var rows: [StoredRow]
    package var transfers: TransferSnapshot
    package var workers: [RayletSnapshot.Worker]
    /// Disk blocks of the spill files.
    package var diskBytes: Int
    package var limit: Int

    package init(
        node: NodeID, store: StoreInstance, order: MemoryOrder, transfers: TransferSnapshot, workers: [RayletSnapshot.Worker],
        diskBytes: Int, limit: Int
    ) {
        self.node = node
        let rows = store.rows
        accounts = StoreAccounts(store.statistics, rows)
        self.rows = rows.sorted(by: order)
        self.transfers = transfers
        self.workers = workers
        self.diskBytes = diskBytes
        self.limit = limit
    }

    package var members: JSONObject {
        let left = rows.dropFirst(limit)
        return [
            "node": .string("\(node)"), "objects": .array(rows.prefix(limit).map { .object(member($0)) }), "total": .int(rows.count),
            "left-out": [
                "objects": .int(left.count), "raw": .int(left.reduce(0) { $0 + $1.size }),
                "arena": .int(left.reduce(0) { $0 + $1.arenaBytes }), "disk": .int(left.reduce(0) { $0 + $1.spillBytes }),
            ],
            "totals": .object(totals),
            "wanted": .array(transfers.wanted.prefix(limit).map { .object(member($0)) }),
            "sent": .array(transfers.sent.prefix(limit).map { .object(member($0)) }),
            "workers": .array(workers.filter { $0.state == .idle || $0.state == .leased }.map { .object(member($0)) }),
        ]
    }

    private func member(_ row: StoredRow) -> JSONObject {
        [
            "object": .string("\(row.object)"), "node": .string("\(node)"), "tier": .string(row.tier.rawValue),
            "state": .string(row.state.rawValue), "copy": .string(row.isSecondary ? "secondary" : "primary"), "raw": .int(row.size),
            "arena": .int(row.arenaBytes), "disk": .int(row.spillBytes), "stored": .int(row.storedBytes), "pins": .int(row.pins),
            "readers": .array(row.readers.prefix(Self.namedReaders).map { .string(name(ofClient: $0)) }),
            "writer": .string(name(ofClient: row.creator)), "age": .int(row.age), "idle": .int(row.idle),
        ]
    }

    /// Clients of one object that are named; all are counted.
    private static let namedReaders = 8

    private func name(ofClient client: UInt64) -> String {
        switch client {
        case RayletShell.ownClient: "raylet"
        case RayletShell.pushClient: "transfer"
        default: "\(Address.process(id: client, on: node))"
        }
    }

    private var totals: JSONObject {
        let statistics = accounts.statistics
        return [
            "capacity": .int(statistics.capacityBytes), "arena": .int(statistics.usedBytes), "free": .int(statistics.freeBytes),
            "slabs": .int(statistics.slabLimit), "slabs-ready": .int(statistics.slabsReady),
            "in-objects": .int(accounts.objectBytes), "in-writing": .int(accounts.writingBytes), "in-deleted": .int(accounts.deletedBytes),
            "retired": .int(statistics.retiredBytes), "in-moves": .int(statistics.movingBytes),
            "arena-unexplained": .int(accounts.arenaDifference), "rounding": .int(accounts.roundingBytes),
            "warm": .int(statistics.warmBytes), "disk": .int(statistics.spillBytes), "disk-in-objects": .int(accounts.spilledBytes),
            "disk-in-moves": .int(statistics.spillMovingBytes), "disk-in-deleted": .int(statistics.spillFreeingBytes),
            "disk-unexplained": .int(accounts.diskDifference), "disk-blocks": .int(diskBytes), "spill-files": .int(statistics.spillFiles),
            "waiting": .int(statistics.pendingCreates), "moving": .int(statistics.movesUnderWay), "packed": .int(statistics.packed),
            "spilled": .int(statistics.spilled), "restored": .int(statistics.restored), "dropped": .int(statistics.dropped),
            "damaged": .int(statistics.damaged),
        ]
    }

    private func member(_ row: PullRow) -> JSONObject {
        [
            "object": .string("\(row.object)"), "node": .string("\(node)"), "kind": .string("\(row.kind)"),
            "state": .string(row.state.rawValue), "raw": .int(row.size), "from": row.source.map { .string("\($0)") } ?? .null,
            "chunks": .int(row.chunks), "of-chunks": .int(row.chunkCount),
        ]
    }

    private func member(_ row: PushRow) -> JSONObject {
        [
            "object": .string("\(row.object)"), "node": .string("\(node)"), "to": .string("\(row.to)"), "raw": .int(row.size),
            "chunks": .int(row.sentChunks), "of-chunks": .int(row.sentChunks + row.leftChunks), "under-way": .int(row.underWayBytes),
        ]
    }

    private func member(_ worker: RayletSnapshot.Worker) -> JSONObject {
        [
            "process": .string("\(Address.process(id: worker.process, on: node))"), "pid": .int(Int(worker.pid)),
            "actor": .bool(worker.isActor),
        ]
    }
}
