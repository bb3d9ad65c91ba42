public import Rayflow

#if canImport(Glibc)
    import Glibc
#endif

/// Keeps what it is given, until it is told to drop it.
public final class Keeper: RemoteActor {
    private var kept: [ObjectRef<[Float]>] = []
    private var others: [ActorHandle<Keeper>] = []

    public static let start = constructor { Keeper() }
    public static let holding = constructor("init(holding:)") { (refs: [ObjectRef<[Float]>]) in
        let keeper = Keeper()
        keeper.kept = refs
        return keeper
    }
    public static let keep = method("keep(refs:)") { (me: Keeper, refs: [ObjectRef<[Float]>]) in
        me.kept += refs
        return me.kept.count
    }
    public static let drop = method("drop") { (me: Keeper) in
        me.kept = []
        me.others = []
    }
    public static let give = method("give") { (me: Keeper) in me.kept }
    public static let sum = method("sum") { (me: Keeper) in
        var sum: Float = 0
        for ref in me.kept { sum += try await ref.get().reduce(0, +) }
        return sum
    }
    /// A value of its own.
    public static let put = method("put(count:)") { (me: Keeper, count: Int) in
        me.kept.append(try Cluster.current.put([Float](repeating: 1, count: count)))
        return me.kept
    }
    public static let know = method("know(others:)") { (me: Keeper, others: [ActorHandle<Keeper>]) in
        me.others = others
        return others.count
    }
    public static let pid = method("pid") { (_: Keeper) in Int(getpid()) }
    public static let handles = method("handles") { (me: Keeper) in [try me.handle] }
    public static let take = method("take(value:)") { (_: Keeper, value: [Float]) in value.reduce(0, +) }
    public static let open = method("open(refs:)") { (_: Keeper, refs: [ObjectRef<[Float]>]) in
        try await refs[0].get().reduce(0, +)
    }
    public static let make = method("make(count:)") { (_: Keeper, count: Int) in [Float](repeating: 1, count: count) }
    public static let members = Members(start, holding, keep, drop, give, sum, put, know, pid, handles, take, open, make)
}

/// Refs that are passed on.
public enum Lending {
    public static let take = RemoteFunction("lending.take(value:)") { (value: [Float]) in value.reduce(0, +) }
    public static let open = RemoteFunction("lending.open(refs:)") { (refs: [ObjectRef<[Float]>]) in
        try await refs[0].get().reduce(0, +)
    }
    public static let make = RemoteFunction("lending.make(count:)") { (count: Int) in [Float](repeating: 1, count: count) }
    /// Returns what it was given.
    public static let back = RemoteFunction("lending.back(refs:)") { (refs: [ObjectRef<[Float]>]) in refs }
    /// The same through tasks of its own, so many levels deep; the innermost waits for the file.
    public static let deep: RemoteFunction<[ObjectRef<[Float]>], Int, String, Single<Float>> = RemoteFunction(
        "lending.deep(refs:depth:gate:)"
    ) {
        (refs: [ObjectRef<[Float]>], depth: Int, gate: String) in
        if depth > 0 { return try await deep.remote(refs, depth - 1, gate).get() }
        try await passed(gate)
        return try await refs[0].get().reduce(0, +)
    }
    /// Starts a task that holds on to the refs, and ends without waiting for it.
    public static let leave = RemoteFunction("lending.leave(refs:gate:)") { (refs: [ObjectRef<[Float]>], gate: String) in
        [deep.remote(refs, 0, gate)]
    }
    /// Its worker is killed with a child under way that has refs of its own.
    public static let dies = RemoteFunction("lending.dies(keeper:)") { (keeper: ActorHandle<Keeper>) in
        let ref = try Cluster.current.put([Float](repeating: 1, count: 10))
        _ = try await keeper.keep.remote([ref]).get()
        kill(getpid(), SIGKILL)
        return 0
    }
    /// Gives a large value of its own to the actor; then its worker, the owner, is killed.
    public static let orphan = RemoteFunction("lending.orphan(keeper:count:)") { (keeper: ActorHandle<Keeper>, count: Int) in
        let ref = try Cluster.current.put([Float](repeating: 1, count: count))
        _ = try await keeper.keep.remote([ref]).get()
        kill(getpid(), SIGKILL)
        return 0
    }
    /// What a worker is told of the memory of the cluster.
    public static let memory = RemoteFunction("lending.memory") { () in try await Cluster.current.memory() }
    public static let fails = RemoteFunction("lending.fails(value:gate:)") { (value: [Float], gate: String) throws -> Int in
        try await passed(gate)
        throw Overdrawn(missing: value.count)
    }
    public static let use = RemoteFunction("lending.use(keeper:gate:)") { (keeper: ActorHandle<Keeper>, gate: String) in
        try await passed(gate)
        return try await keeper.pid.remote().get()
    }
    /// Reads in place until its worker is killed.
    public static let view = RemoteFunction("lending.view(value:path:)") { (value: RemoteBuffer<Float>, path: String) in
        try appendLine("\(getpid())", to: path)
        try await Task.sleep(for: .seconds(3_600))
        return value.count
    }
    public static let create = RemoteFunction("lending.create") { () in [Keeper.start.remote()] }
}
