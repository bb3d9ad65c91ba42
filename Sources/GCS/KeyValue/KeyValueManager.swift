import RayflowCore

/// The key-value store: small values under names, for what programs and the engine agree on.
package struct KeyValueManager: Sendable {
    package struct Name: Hashable, Sendable {
        package var namespace: String
        package var key: String
    }
    struct Entry: Hashable, Sendable {
        var value: [UInt8]
        /// Who stored it with which request: the same request again gets the same answer.
        var writer: Address
        var request: UInt64
    }

    private(set) var entries = Tracked<Name, Entry>()
    private(set) var bytes = 0

    package var count: Int { entries.count }

    mutating func carryOut(_ operation: GCSOperation, request: UInt64, from: Address) -> GCSResult? {
        switch operation {
        case .putKey(let namespace, let key, let value, let overwrite):
            return put(Name(namespace: namespace, key: key), value, overwrite: overwrite, request: request, from: from)
        case .getKey(let namespace, let key): return .value(entries[Name(namespace: namespace, key: key)]?.value)
        case .hasKey(let namespace, let key): return .done(entries[Name(namespace: namespace, key: key)] != nil)
        case .deleteKey(let namespace, let key, let isPrefix):
            let names = isPrefix ? names(namespace, key) : [Name(namespace: namespace, key: key)]
            return .count(UInt64(names.count { remove($0) }))
        case .listKeys(let namespace, let prefix, let limit):
            let names = names(namespace, prefix)
            return .keys(names.prefix(min(Int(limit), Limits.listedRows)).map(\.key), total: UInt64(names.count))
        default: return nil
        }
    }

    private func names(_ namespace: String, _ prefix: String) -> [Name] {
        entries.keys.filter { $0.namespace == namespace && $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key }
    }

    private mutating func put(_ name: Name, _ value: [UInt8], overwrite: Bool, request: UInt64, from: Address) -> GCSResult {
        func refuse(_ message: String) -> GCSResult { .failed(ErrorRecord(.invalidArgument, message)) }
        let nameBytes = name.key.utf8.count + name.namespace.utf8.count
        guard nameBytes <= Limits.keyBytes else { return refuse("a key of \(nameBytes) bytes; at most \(Limits.keyBytes) may be") }
        guard value.count <= Limits.valueBytes else {
            return refuse(
                "the value of key \"\(name.key)\" has \(value.count) bytes; at most \(Limits.valueBytes) may be: put it and keep the ref")
        }
        let old = entries[name]
        if let old, !overwrite { return .done(old.writer == from && old.request == request) }
        let growth = value.count + (old == nil ? nameBytes : 0) - (old?.value.count ?? 0)
        guard old != nil || count < Limits.keys, bytes + growth <= Limits.keyValueBytes else {
            return .failed(
                ErrorRecord(
                    .tooManyPending,
                    "the key-value store is full: \(count) keys of at most \(Limits.keys), \(bytes) bytes of at most \(Limits.keyValueBytes); delete some"
                ))
        }
        entries[name] = Entry(value: value, writer: from, request: request)
        bytes += growth
        return .done(true)
    }

    private mutating func remove(_ name: Name) -> Bool {
        guard entries[name] != nil, let old = entries.removeValue(forKey: name) else { return false }
        bytes -= old.value.count + name.key.utf8.count + name.namespace.utf8.count
        return true
    }

    // MARK: Storing

    mutating func takeChanges() -> [StoreChange] {
        entries.takeTouched().map { name in
            StoreChange(
                table: .keyValue, key: RowKey.name(name.namespace, name.key),
                value: entries[name].map { entry in
                    RowKey.of {
                        $0.address(entry.writer)
                        $0.u64(entry.request)
                        $0.tail(entry.value)
                    }
                })
        }
    }

    mutating func restore(_ rows: [[UInt8]: [UInt8]]) throws(DecodingFault) {
        for (key, row) in rows {
            var k = ByteReader(key), r = ByteReader(row)
            let name = Name(namespace: try k.string(), key: try k.string())
            let entry = Entry(value: [], writer: try r.address(), request: try r.u64())
            entries[name] = Entry(value: Array(r.tail()), writer: entry.writer, request: entry.request)
            bytes += (entries[name]?.value.count ?? 0) + name.key.utf8.count + name.namespace.utf8.count
        }
        _ = entries.takeTouched()
    }
}
