import RayflowCore

/// Small values under names, for all drivers, tasks and actors of a cluster: settings, addresses, progress. Not for data: an object is.
///
/// Keys have at most 1,024 bytes with their namespace, values at most 1 MiB encoded; the store holds 100,000 keys and 256 MiB. Every operation
/// waits for the GCS up to `timeout` (60 s) and then throws `getTimeout`; if the GCS is restarted meanwhile, it is asked again.
public struct KeyValueStore: Sendable {
    let cluster: Cluster
    /// Keys of different namespaces do not meet.
    public let namespace: String
    let timeout: Duration

    /// The same store with another namespace or time limit.
    public func scoped(to namespace: String? = nil, timeout: Duration? = nil) -> KeyValueStore {
        KeyValueStore(cluster: cluster, namespace: namespace ?? self.namespace, timeout: timeout ?? self.timeout)
    }

    /// Stores a value.
    ///
    /// - Parameter overwrite: if false, a value that is there stays.
    /// - Returns: whether the value was stored.
    /// - Throws: `invalidArgument` for a key or value that is too large, and for a value that holds refs (nobody would count them),
    ///   `tooManyPending` when the store is full.
    @discardableResult
    public func put<T: RemoteValue>(_ value: T, for key: String, overwrite: Bool = true) async throws -> Bool {
        let payload = try Payload(encoding: value)
        guard payload.refs.isEmpty else {
            throw RayflowError(.invalidArgument, "the value for key \"\(key)\" holds refs: keep refs in a named actor instead")
        }
        var w = ByteWriter(reserving: payload.bytes.count + 64)
        w.payload(payload)
        let result = try await cluster.engine.askGCS(
            .putKey(namespace: namespace, key: key, value: w.bytes, overwrite: overwrite), timeout: timeout)
        return result == .done(true)
    }

    /// The value under a key; nil if there is none.
    /// - Throws: `typeMismatch` if it is of another type.
    public func get<T: RemoteValue>(_ key: String, as _: T.Type = T.self) async throws -> T? {
        let result = try await cluster.engine.askGCS(.getKey(namespace: namespace, key: key), timeout: timeout)
        guard case .value(let bytes?) = result else { return nil }
        var r = ByteReader(bytes)
        let payload: Payload
        do { payload = try r.payload() } catch { throw RayflowError(.corrupt, "the value of key \"\(key)\" cannot be read: \(error)") }
        return try payload.decode(T.self, in: cluster)
    }

    /// Whether there is a value under the key.
    public func contains(_ key: String) async throws -> Bool {
        try await cluster.engine.askGCS(.hasKey(namespace: namespace, key: key), timeout: timeout) == .done(true)
    }

    /// Removes a key.
    /// - Returns: whether there was a value. If the GCS was restarted meanwhile, false may also mean that it is removed already.
    @discardableResult
    public func delete(_ key: String) async throws -> Bool {
        try await cluster.engine.askGCS(.deleteKey(namespace: namespace, key: key, isPrefix: false), timeout: timeout) == .count(1)
    }

    /// Removes all keys that begin with `prefix`.
    /// - Returns: how many there were.
    @discardableResult
    public func deleteAll(prefix: String) async throws -> Int {
        let result = try await cluster.engine.askGCS(.deleteKey(namespace: namespace, key: prefix, isPrefix: true), timeout: timeout)
        if case .count(let count) = result { return Int(clamping: count) }
        return 0
    }

    /// The keys that begin with `prefix`, in order, the first `limit` of them (at most 10,000).
    public func keys(prefix: String = "", limit: Int = 10_000) async throws -> [String] {
        let result = try await cluster.engine.askGCS(
            .listKeys(namespace: namespace, prefix: prefix, limit: UInt32(clamping: limit)), timeout: timeout)
        if case .keys(let keys, _) = result { return keys }
        return []
    }
}

extension Cluster {
    /// The cluster's key-value store.
    public var kv: KeyValueStore { KeyValueStore(cluster: self, namespace: "", timeout: RuntimeLimits.gcsTimeout) }
}
