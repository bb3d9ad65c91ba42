import RayflowCore

/// One write as a journal's record: its changes together or none.
enum StoreRecord {
    static let journalName = "gcs"

    static func encode(_ changes: [StoreChange]) -> [UInt8] {
        var w = ByteWriter(reserving: 128)
        w.u8(1)
        w.list(changes) { w, change in
            w.u8(change.table.rawValue)
            w.blob(change.key)
            w.optional(change.value) { $0.blob($1) }
        }
        return w.bytes
    }

    static func decode(_ bytes: [UInt8]) throws(DecodingFault) -> [StoreChange] {
        var r = ByteReader(bytes)
        guard try r.u8() == 1 else { throw DecodingFault("a record of another version", at: 0) }
        let changes = try r.list(unit: 6) { (r) throws(DecodingFault) in
            guard let table = GCSTable(rawValue: try r.u8()) else { throw DecodingFault("an unknown table", at: r.offset - 1) }
            return StoreChange(table: table, key: try r.blob(), value: try r.optional { (r) throws(DecodingFault) in try r.blob() })
        }
        try r.finish()
        return changes
    }
}

extension StoreContents {
    /// Bytes of all keys and values.
    var byteCount: Int { tables.values.reduce(0) { $0 + $1.reduce(0) { $0 + $1.key.count + $1.value.count } } }

    /// All rows as changes, a part at a time.
    var batches: [[StoreChange]] {
        var batches: [[StoreChange]] = [[]]
        var bytes = 0
        for (table, rows) in tables.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            for (key, value) in rows {
                if bytes > Limits.storeBatchBytes {
                    batches.append([])
                    bytes = 0
                }
                batches[batches.count - 1].append(StoreChange(table: table, key: key, value: value))
                bytes += key.count + value.count
            }
        }
        return batches
    }
}
