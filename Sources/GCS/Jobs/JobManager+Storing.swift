import RayflowCore

extension JobManager {
    mutating func takeChanges(_ publisher: inout Publisher) -> [StoreChange] {
        var changes: [StoreChange] = []
        for id in jobs.takeTouched() {
            let key = RowKey.job(id), row = jobs[id].map { JobRow($0) }
            if let row, row == jobs[id]?.told { continue }
            jobs.note(id) { $0.told = row }
            publisher.publish(.job, key: key, row: row?.encoded)
            changes.append(StoreChange(table: .job, key: key, value: row?.encoded))
        }
        return changes
    }

    /// Every driver is awaited: its job ends unless it comes back in time.
    mutating func restore(_ stored: [[UInt8]: [UInt8]], into out: inout [GCSDirective]) throws(DecodingFault) {
        var found: [JobRow] = []
        for row in stored.values { found.append(try JobRow(decoding: row)) }
        for row in found.sorted(by: { ($0.ended ?? .max, $0.job.value) < ($1.ended ?? .max, $1.job.value) }) {
            var job = Job(job: row.job, driver: row.driver, started: row.started, ended: row.ended)
            job.told = row
            if row.ended != nil {
                remember(ended: row.job)
            } else if row.driver != nil {
                job.isSuspected = true
                out.append(.startTimer(.driverGone(row.job, generation: 0), afterNS: Limits.reconnectNS))
            }
            jobs[row.job] = job
        }
        _ = jobs.takeTouched()
    }
}
