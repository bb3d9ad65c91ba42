import Rayflow

/// What the benchmark runs: no-ops that return the two bytes `ok`, as the peers' scripts do.
enum BenchRemotes {
    static let noop = RemoteFunction("bench.noop") { "ok" }
    static let next = RemoteFunction("bench.next") { (x: Int) in x + 1 }

    static let registry = Registry(noop, next, actors: [BenchActor.self])
    /// Set in the environment of the benchmark's workers: they take this registry instead of the program's own.
    static let variable = "RAYFLOW_BENCH"
}

final class BenchActor: RemoteActor {
    init() {}
    static let start = constructor { BenchActor() }
    static let noop = method("noop") { (me: BenchActor) in "ok" }
    static let members = Members(start, noop)
}
