import RayflowCore

/// Who waits in this process for which object. Confined to the lock of its core worker.
struct Waiters {
    private struct Waiter {
        var token: UInt64
        var body: @Sendable () -> Void
    }
    private var byObject: [ObjectID: [Waiter]] = [:]
    private var nextToken: UInt64 = 1

    mutating func add(_ id: ObjectID, _ body: @escaping @Sendable () -> Void) -> UInt64 {
        defer { nextToken += 1 }
        byObject[id, default: []].append(Waiter(token: nextToken, body: body))
        return nextToken
    }

    mutating func remove(_ id: ObjectID, _ token: UInt64) {
        byObject[id]?.removeAll { $0.token == token }
        if byObject[id]?.isEmpty == true { byObject[id] = nil }
    }

    /// In the order in which they came.
    mutating func take(_ id: ObjectID) -> [@Sendable () -> Void] { byObject.removeValue(forKey: id)?.map(\.body) ?? [] }
}
