import RayflowCore

/// Who waits for one or several objects: told of each of them once.
final class Waiter: Sendable {
    let body: @Sendable (ObjectID) -> Void
    init(_ body: @escaping @Sendable (ObjectID) -> Void) { self.body = body }
}

/// Who waits in this process for which object. Confined to the lock of its core worker.
struct Waiters {
    /// In the order in which they came. Mostly it is one: a million refs are waited for without a million arrays.
    enum Line {
        case one(Waiter), several([Waiter])

        func wake(_ id: ObjectID) {
            switch self {
            case .one(let waiter): waiter.body(id)
            case .several(let waiters): for waiter in waiters { waiter.body(id) }
            }
        }
    }
    private static let keptCapacity = 4_096
    private var byObject: [ObjectID: Line] = [:]

    mutating func reserve(_ count: Int) { byObject.reserveCapacity(byObject.count + count) }

    mutating func add(_ id: ObjectID, _ waiter: Waiter) {
        switch byObject.updateValue(.one(waiter), forKey: id) {
        case nil: break
        case .one(let first)?: byObject[id] = .several([first, waiter])
        case .several(let known)?: byObject[id] = .several(known + [waiter])
        }
    }

    mutating func remove(_ id: ObjectID, _ waiter: Waiter) {
        switch byObject[id] {
        case .one(let known)? where known === waiter: byObject[id] = nil
        case .several(let known)?:
            let rest = known.filter { $0 !== waiter }
            byObject[id] = rest.isEmpty ? nil : .several(rest)
        case .one?, nil: break
        }
    }

    mutating func take(_ id: ObjectID) -> Line? {
        if byObject.isEmpty { return nil }
        let line = byObject.removeValue(forKey: id)
        // After a storm its memory goes.
        if byObject.isEmpty, byObject.capacity > Self.keptCapacity { byObject = [:] }
        return line
    }
}
