import RayflowCore

/// Who waits in this process for which object. Confined to the lock of its core worker.
struct Waiters {
    private var byObject: [ObjectID: [UInt64: @Sendable () -> Void]] = [:]
    private var nextToken: UInt64 = 1

    mutating func add(_ id: ObjectID, _ body: @escaping @Sendable () -> Void) -> UInt64 {
        defer { nextToken += 1 }
        byObject[id, default: [:]][nextToken] = body
        return nextToken
    }

    mutating func remove(_ id: ObjectID, _ token: UInt64) {
        byObject[id]?[token] = nil
        if byObject[id]?.isEmpty == true { byObject[id] = nil }
    }

    mutating func take(_ id: ObjectID) -> [@Sendable () -> Void] {
        guard let found = byObject.removeValue(forKey: id) else { return [] }
        return found.sorted { $0.key < $1.key }.map(\.value)
    }
}
