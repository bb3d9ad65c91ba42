package import RayflowCore

/// The workers of actors that were lost, with the reason, for status output.
package struct WorkerManager: Sendable {
    private(set) var rows = Tracked<Address, WorkerRow>()
    private var history: BoundedHistory<Address>

    init(remembered: Int) { history = BoundedHistory(limit: remembered) }

    package subscript(worker: Address) -> WorkerRow? { rows[worker] }
    var count: Int { rows.count }

    mutating func lost(_ worker: Address, _ error: ErrorRecord, now: UInt64) {
        guard rows[worker] == nil else { return }
        rows[worker] = WorkerRow(worker: worker, error: error, at: now)
        if let forgotten = history.append(worker) { rows.removeValue(forKey: forgotten) }
    }

    mutating func takeChanges(_ publisher: inout Publisher) -> [StoreChange] {
        rows.takeTouched().map { worker in
            let key = RowKey.address(worker), row = rows[worker]?.encoded
            publisher.publish(.worker, key: key, row: row)
            return StoreChange(table: .worker, key: key, value: row)
        }
    }

    mutating func restore(_ stored: [[UInt8]: [UInt8]]) throws(DecodingFault) {
        var found: [WorkerRow] = []
        for row in stored.values { found.append(try WorkerRow(decoding: row)) }
        for row in found.sorted(by: { ($0.at, $0.worker.node, $0.worker.entity) < ($1.at, $1.worker.node, $1.worker.entity) }) {
            lost(row.worker, row.error, now: row.at)
        }
        _ = rows.takeTouched()
    }
}
