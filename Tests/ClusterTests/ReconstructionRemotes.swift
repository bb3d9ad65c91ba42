import Rayflow
import RayflowTestKit
import Synchronization

/// Where the bodies of one test have run, in order: they share its process.
final class Runs: Sendable {
    private static let all = Mutex<[Int: [NodeID]]>([:])
    static func make() -> Int {
        all.withLock { all in
            all[all.count + 1] = []
            return all.count
        }
    }
    static func note(_ key: Int) -> Int {
        let node = TaskContext.current?.node ?? NodeID(0)
        return all.withLock { all in
            all[key, default: []].append(node)
            return all[key, default: []].count
        }
    }
    static func nodes(_ key: Int) -> [NodeID] { all.withLock { $0[key] ?? [] } }
}

/// Results of 128 kB, large enough for the store.
enum Rebuilt {
    static let count = 16_384

    static let make = RemoteFunction("rebuilt.make(key:seed:)") { (key: Int, seed: UInt64) in
        _ = Runs.note(key)
        return pattern(count, seed: seed)
    }
    static let next = RemoteFunction("rebuilt.next(key:xs:)") { (key: Int, xs: RemoteBuffer<UInt64>) in
        _ = Runs.note(key)
        return xs.map { $0 &+ 1 }
    }
    static let two = RemoteFunction("rebuilt.two(key:)") { (key: Int) in
        _ = Runs.note(key)
        return (pattern(count, seed: 1), pattern(count, seed: 2))
    }
    /// From the second run on it meets at the place, twice.
    static let slow = RemoteFunction("rebuilt.slow(key:begun:end:)") { (key: Int, begun: Int, end: Int) in
        if Runs.note(key) > 1 {
            await Places.meet(begun)
            await Places.meet(end)
        }
        return pattern(count, seed: 5)
    }
    static let first = RemoteFunction("rebuilt.first(xs:)") { (xs: RemoteBuffer<UInt64>) in xs[0] }
    /// A put of its own, by ref.
    static let put = RemoteFunction("rebuilt.put(seed:)") { (seed: UInt64) in [try Cluster.current.put(pattern(count, seed: seed))] }
}

/// An actor whose constructor and calls have large values.
final class Rebuilder: RemoteActor {
    private let first: UInt64
    init(_ first: UInt64) { self.first = first }
    static let open = constructor("open(xs:)") { (xs: RemoteBuffer<UInt64>) in Rebuilder(xs[0]) }
    static let plain = constructor("plain") { Rebuilder(0) }
    static let make = method("make(key:seed:)") { (_: Rebuilder, key: Int, seed: UInt64) in
        _ = Runs.note(key)
        return pattern(Rebuilt.count, seed: seed)
    }
    static let next = method("next(key:xs:)") { (_: Rebuilder, key: Int, xs: RemoteBuffer<UInt64>) in
        _ = Runs.note(key)
        return xs.map { $0 &+ 1 }
    }
    static let value = method("value") { (me: Rebuilder) in me.first }
    static let members = Members(open, plain, make, next, value)
}
