import Rayflow

/// What the benchmark runs. A no-op returns the two bytes `ok`, as it does in the peers' scripts.
enum BenchRemotes {
    static let noop = RemoteFunction("bench.noop") { "ok" }
    static let identity = RemoteFunction("bench.identity") { (x: Int) in x }
    static let add = RemoteFunction("bench.add") { (a: Int, b: Int) in a + b }
    static let count = RemoteFunction("bench.count") { (xs: [Int]) in xs.count }
    static let noops = RemoteFunction("bench.noops") { (count: Int) in
        _ = try await Cluster.current.get((0..<count).map { _ in noop.remote() })
    }
    static let calls = RemoteFunction("bench.calls") { (actors: [ActorHandle<BenchActor>], count: Int) in
        _ = try await Cluster.current.get((0..<count).map { actors[$0 % actors.count].noop.remote() })
    }
    static let puts = RemoteFunction("bench.puts") { (arrays: Int, elements: Int) in
        let ray = try Cluster.current
        for _ in 0..<arrays { _ = try ray.put([Int](repeating: 0, count: elements)) }
    }
    static let refs = RemoteFunction("bench.refs") { (count: Int) in
        let ray = try Cluster.current
        return try (0..<count).map { _ in try ray.put(1) }
    }
    static let results = RemoteFunction("bench.results") { (sink: RemoteSink<Int>, count: Int) in
        for number in 0..<count { try await sink.send(number) }
    }

    static let registry = Registry(
        noop, identity, add, count, noops, calls, puts, refs, results, actors: [BenchActor.self, BenchAsyncActor.self, BenchClient.self])
    /// Set in the environment of the benchmark's workers: they take this registry instead of the program's own.
    static let variable = "RAYFLOW_BENCH"
}

/// Without state, so that it may also serve calls side by side.
final class BenchActor: RemoteActor, Sendable {
    static let start = constructor { BenchActor() }
    static let noop = method("noop") { (me: BenchActor) in "ok" }
    static let noopOf = method("noopOf") { (me: BenchActor, x: Int) in "ok" }
    static let noops = method("noops") { (me: BenchActor, count: Int) in
        _ = try await Cluster.current.get((0..<count).map { _ in BenchRemotes.noop.remote() })
    }
    static let putSmall = method("putSmall") { (me: BenchActor, count: Int) in
        let ray = try Cluster.current
        for _ in 0..<count { _ = try ray.put(0) }
    }
    static let getSmall = method("getSmall") { (me: BenchActor, count: Int) in
        let ref = try Cluster.current.put(0)
        for _ in 0..<count { _ = try await ref.get() }
    }
    static let members = Members(start, noop, noopOf, noops, putSmall, getSmall)
}

actor BenchAsyncActor: RemoteActor {
    static let start = constructor { BenchAsyncActor() }
    static let noop = method("noop") { (me: isolated BenchAsyncActor) async in "ok" }
    static let members = Members(start, noop)
}

/// Calls other actors.
final class BenchClient: RemoteActor {
    private let servers: [ActorHandle<BenchActor>]
    init(servers: [ActorHandle<BenchActor>]) { self.servers = servers }

    static let start = constructor { (servers: [ActorHandle<BenchActor>]) in BenchClient(servers: servers) }
    static let calls = method("calls") { (me: BenchClient, count: Int) in
        _ = try await Cluster.current.get(me.servers.flatMap { server in (0..<count).map { _ in server.noop.remote() } })
    }
    static let callsWithObject = method("callsWithObject") { (me: BenchClient, count: Int) in
        let ray = try Cluster.current
        let object = try ray.put(0)
        _ = try await ray.get(me.servers.flatMap { server in (0..<count).map { _ in server.noopOf.remote(object) } })
    }
    static let members = Members(start, calls, callsWithObject)
}
