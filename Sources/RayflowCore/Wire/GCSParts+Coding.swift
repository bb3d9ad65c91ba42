extension ByteWriter {
    mutating func keyedRow(_ value: KeyedRow) {
        blob(value.key)
        optional(value.row) { $0.blob($1) }
    }
    mutating func position(_ value: ChannelPosition) {
        u32(value.epoch)
        u64(value.sequence)
    }
    mutating func operation(_ value: GCSOperation) {
        switch value {
        case .putKey(let namespace, let key, let value, let overwrite):
            name(0, namespace, key)
            blob(value)
            bool(overwrite)
        case .getKey(let namespace, let key): name(1, namespace, key)
        case .deleteKey(let namespace, let key, let isPrefix):
            name(2, namespace, key)
            bool(isPrefix)
        case .hasKey(let namespace, let key): name(3, namespace, key)
        case .listKeys(let namespace, let prefix, let limit):
            name(4, namespace, prefix)
            u32(limit)
        case .row(let table, let key):
            u8(5)
            u8(table.rawValue)
            blob(key)
        case .rows(let table, let filters, let limit):
            u8(6)
            u8(table.rawValue)
            list(filters) {
                $0.string($1.field)
                $0.string($1.value)
            }
            u32(limit)
        case .addFunctions(let rows):
            u8(7)
            list(rows) { $0.keyedRow($1) }
        case .publish(let channel, let rows):
            u8(8)
            u8(channel.rawValue)
            list(rows) { $0.keyedRow($1) }
        }
    }
    private mutating func name(_ tag: UInt8, _ namespace: String, _ key: String) {
        u8(tag)
        string(namespace)
        string(key)
    }
    mutating func result(_ value: GCSResult) {
        switch value {
        case .done(let isDone):
            u8(0)
            bool(isDone)
        case .count(let count):
            u8(1)
            u64(count)
        case .value(let bytes):
            u8(2)
            optional(bytes) { $0.blob($1) }
        case .keys(let keys, let total):
            u8(3)
            list(keys) { $0.string($1) }
            u64(total)
        case .rows(let rows, let total):
            u8(4)
            list(rows) { $0.keyedRow($1) }
            u64(total)
        case .failed(let error):
            u8(5)
            errorRecord(error)
        }
    }
    public mutating func taskEvent(_ value: TaskEvent) {
        task(value.task)
        attempt(value.attempt)
        u8(value.state.rawValue)
        u64(value.wallNS)
        string(value.name)
        string(value.message)
    }
}

extension ByteReader {
    mutating func keyedRow() throws(DecodingFault) -> KeyedRow {
        KeyedRow(key: try blob(), row: try optional { (r) throws(DecodingFault) in try r.blob() })
    }
    mutating func position() throws(DecodingFault) -> ChannelPosition { ChannelPosition(epoch: try u32(), sequence: try u64()) }
    mutating func table() throws(DecodingFault) -> GCSTable {
        guard let table = GCSTable(rawValue: try u8()) else { throw DecodingFault("an unknown table", at: offset - 1) }
        return table
    }
    mutating func channel() throws(DecodingFault) -> GCSChannel {
        guard let channel = GCSChannel(rawValue: try u8()) else { throw DecodingFault("an unknown channel", at: offset - 1) }
        return channel
    }
    mutating func operation() throws(DecodingFault) -> GCSOperation {
        switch try u8() {
        case 0: return .putKey(namespace: try string(), key: try string(), value: try blob(), overwrite: try bool())
        case 1: return .getKey(namespace: try string(), key: try string())
        case 2: return .deleteKey(namespace: try string(), key: try string(), isPrefix: try bool())
        case 3: return .hasKey(namespace: try string(), key: try string())
        case 4: return .listKeys(namespace: try string(), prefix: try string(), limit: try u32())
        case 5: return .row(try table(), key: try blob())
        case 6:
            let table = try table()
            let filters = try list(unit: 8) { (r) throws(DecodingFault) in RowFilter(field: try r.string(), value: try r.string()) }
            return .rows(table, filters: filters, limit: try u32())
        case 7: return .addFunctions(try list(unit: 5) { (r) throws(DecodingFault) in try r.keyedRow() })
        case 8: return .publish(try channel(), try list(unit: 5) { (r) throws(DecodingFault) in try r.keyedRow() })
        default: throw DecodingFault("an unknown operation", at: offset - 1)
        }
    }
    mutating func result() throws(DecodingFault) -> GCSResult {
        switch try u8() {
        case 0: return .done(try bool())
        case 1: return .count(try u64())
        case 2: return .value(try optional { (r) throws(DecodingFault) in try r.blob() })
        case 3: return .keys(try list(unit: 4) { (r) throws(DecodingFault) in try r.string() }, total: try u64())
        case 4: return .rows(try list(unit: 5) { (r) throws(DecodingFault) in try r.keyedRow() }, total: try u64())
        case 5: return .failed(try errorRecord())
        default: throw DecodingFault("an unknown result", at: offset - 1)
        }
    }
    public mutating func taskEvent() throws(DecodingFault) -> TaskEvent {
        let task = try task(), attempt = try attempt()
        guard let state = TaskEvent.State(rawValue: try u8()) else { throw DecodingFault("an unknown state of a task", at: offset - 1) }
        return TaskEvent(
            task: task, attempt: attempt, state: state, wallNS: try u64(), name: try string(), message: try string())
    }
}
