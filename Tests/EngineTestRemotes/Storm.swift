public import Rayflow

/// What runs while workers are killed: every value tells of the arguments that it was made of.
public enum StormTasks {
    public static let value = RemoteFunction("stormValue(n:)") { (n: Int) in n &* n &+ 1 }
    /// Two children of its own, which end with it.
    public static let nested = RemoteFunction("stormNested(n:)") { (n: Int) in
        let one = value.options(maxRetries: -1).remote(n), two = value.options(maxRetries: -1).remote(n + 1)
        return try await one.get() &+ two.get()
    }
    /// Its result is written into shared memory.
    public static let large = RemoteFunction("stormLarge(n:)") { (n: Int) in [Float](repeating: Float(n), count: 40_000) }
    /// A large object of its own, handed over with the result.
    public static let put = RemoteFunction("stormPut(n:)") { (n: Int) in
        [try Cluster.current.put([Float](repeating: Float(n), count: 40_000))]
    }
    /// Borrows refs that its caller owns.
    public static let sum = RemoteFunction("stormSum(refs:)") { (refs: [ObjectRef<Int>]) in
        var sum = 0
        for ref in refs { sum &+= try await ref.get() }
        return sum
    }
    /// Reads a large object of its caller's that came inside a value.
    public static let head = RemoteFunction("stormHead(refs:)") { (refs: [ObjectRef<[Float]>]) in try await refs[0].get().count }
    public static let through = RemoteFunction("stormThrough(cell:n:)") { (cell: ActorHandle<StormCell>, n: Int) in
        try await cell.echo.remote(n).get()
    }
}

/// Keeps what it is given, and answers what does not depend on it: it is made anew again and again.
public final class StormCell: RemoteActor {
    private var kept: [ObjectRef<Int>] = []

    public static let start = constructor("init") { StormCell() }
    public static let echo = method("echo(n:)") { (_: StormCell, n: Int) in n &* 2 &+ 1 }
    public static let large = method("large(n:)") { (_: StormCell, n: Int) in [Float](repeating: Float(n), count: 40_000) }
    /// Borrows for as long as it lives.
    public static let keep = method("keep(refs:)") { (me: StormCell, refs: [ObjectRef<Int>]) in
        me.kept = refs
        return refs.count
    }
    public static let members = Members(start, echo, large, keep)
}
