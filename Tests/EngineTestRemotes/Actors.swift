public import Rayflow

#if canImport(Glibc)
    import Glibc
#endif

public final class Counter: RemoteActor {
    private var value: Int
    init(start: Int) { value = start }
    func reset(to n: Int) { value = n }

    public static let start = constructor("init(start:)") { (start: Int) in Counter(start: start) }
    public static let add = method("add(by:)") { (me: Counter, n: Int) in
        me.value += n
        return me.value
    }
    public static let reset = method("reset(to:)", Counter.reset(to:))
    public static let refer = method("refer") { (me: Counter) in try me.handle }
    public static let pid = method("pid") { (_: Counter) in Int(getpid()) }
    /// Order matters: 3 × value + n.
    public static let mix = method("mix(n:)") { (me: Counter, n: Int) in
        me.value = me.value &* 3 &+ n
        return me.value
    }
    public static let die = method("die") { (_: Counter) in
        kill(getpid(), SIGKILL)
        return 0
    }
    public static let slow = method("slow(path:)") { (_: Counter, path: String) in
        try appendLine("\(getpid())", to: path)
        while true { pause() }
        return 0
    }
    public static let leave = method("leave") { (me: Counter) in
        try TaskContext.current?.exitActor()
        return me.value
    }
    public static let members = Members(start, add, reset, refer, pid, mix, die, slow, leave)
}

public actor Account: RemoteActor {
    private var balance = 0
    private var waiting: CheckedContinuation<Void, Never>?
    public static let open = constructor { Account() }
    public static let withdraw = method("withdraw(n:)") { (me: isolated Account, n: Int) in
        guard me.balance >= n else { throw Overdrawn(missing: n - me.balance) }
        me.balance -= n
        return me.balance
    }
    public static let deposit = method("deposit(n:)") { (me: isolated Account, n: Int) in
        me.balance += n
        me.waiting?.resume()
        me.waiting = nil
        return me.balance
    }
    /// Ends only when another call interleaves.
    public static let awaitDeposit = method("awaitDeposit") { (me: isolated Account) in
        await withCheckedContinuation { me.waiting = $0 }
        return me.balance
    }
    public static let members = Members(open, withdraw, deposit, awaitDeposit)
}

/// Its constructor fails.
public final class Broken: RemoteActor {
    public static let start = constructor { () throws -> Broken in throw Overdrawn(missing: 7) }
    public static let hello = method("hello") { (_: Broken) in 1 }
    public static let members = Members(start, hello)
}
