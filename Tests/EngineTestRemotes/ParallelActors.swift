public import Rayflow
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Its calls may run side by side.
public final class Parallel: RemoteActor, Sendable {
    private struct State {
        var running = 0
        var most = 0
        var threads: Set<UInt> = []
    }
    private let state = Mutex(State())
    private let gate = Gate()

    public static let start = constructor { Parallel() }
    /// Blocks its thread until `count` calls are here; gives the most that ever were.
    public static let meet = method("meet(count:)") { (me: Parallel, count: Int) in
        me.state.withLock {
            $0.running += 1
            $0.most = max($0.most, $0.running)
            $0.threads.insert(UInt(pthread_self()))
        }
        me.gate.wait(for: count)
        return me.state.withLock {
            $0.running -= 1
            return $0.most
        }
    }
    public static let threads = method("threads") { (me: Parallel) in me.state.withLock { $0.threads.count } }
    public static let block = method("block(path:)") { (me: Parallel, path: String) in
        try appendLine("\(getpid())", to: path)
        me.gate.wait(for: .max)
        return 0
    }
    public static let open = method("open") { (me: Parallel) in me.gate.open() }
    /// In a group of its own.
    public static let hello = method("hello") { (_: Parallel) in "ok" }.grouped("io")
    public static let leave = method("leave") { (_: Parallel) in
        try TaskContext.current?.exitActor()
        return 1
    }
    /// Waits for two calls of its own, the second of which has no place.
    public static let nested: RemoteMethod<Parallel, Int, Single<Int>> = method("nested(depth:)") { (me: Parallel, depth: Int) -> Int in
        depth == 0 ? 0 : try await me.handle.nested.remote(depth - 1).get() + 1
    }
    public static let members = Members(start, meet, threads, block, open, hello, leave, nested)
}

/// Threads wait here for each other.
final class Gate: Sendable {
    private let lock = UnsafeSendable(UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1))
    private let condition = UnsafeSendable(UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1))
    private let state = Mutex((arrived: 0, isOpen: false))

    init() {
        pthread_mutex_init(lock.value, nil)
        pthread_cond_init(condition.value, nil)
    }

    func wait(for count: Int) {
        pthread_mutex_lock(lock.value)
        let isThere = state.withLock { state in
            state.arrived += 1
            return state.arrived >= count
        }
        if isThere { state.withLock { $0.isOpen = true } }
        while !state.withLock({ $0.isOpen }) { pthread_cond_wait(condition.value, lock.value) }
        pthread_cond_broadcast(condition.value)
        pthread_mutex_unlock(lock.value)
    }

    func open() {
        pthread_mutex_lock(lock.value)
        state.withLock { $0.isOpen = true }
        pthread_cond_broadcast(condition.value)
        pthread_mutex_unlock(lock.value)
    }

    deinit {
        pthread_mutex_destroy(lock.value)
        pthread_cond_destroy(condition.value)
        lock.value.deallocate()
        condition.value.deallocate()
    }
}

struct UnsafeSendable<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

/// Calls others, itself and nobody.
public final class Caller: RemoteActor {
    private let counter: ActorHandle<Counter>?
    init(_ counter: ActorHandle<Counter>?) { self.counter = counter }

    public static let start = constructor("init(counter:)") { (counter: ActorHandle<Counter>?) in Caller(counter) }
    public static let add = method("add") { (me: Caller) in try await me.counter?.add.remote(1).get() ?? 0 }
    public static let pid = method("pid") { (_: Caller) in Int(getpid()) }
    /// Waits for a call of its own, which has no place.
    public static let own = method("own") { (me: Caller) in try await me.handle.pid.remote().get() }
    /// The same with a time limit of its own.
    public static let ownTimed = method("ownTimed") { (me: Caller) in try await me.handle.pid.remote().get(timeout: .milliseconds(50)) }
    /// Ends when its task is cancelled.
    public static let sleeps = method("sleeps(path:)") { (_: Caller, path: String) in
        try appendLine("\(getpid())", to: path)
        try await Task.sleep(for: .seconds(3600))
        return 0
    }
    /// Blocks its thread until it sees that it was cancelled.
    public static let spins = method("spins(path:)") { (_: Caller, path: String) in
        try appendLine("\(getpid())", to: path)
        while TaskContext.current?.isCancelled != true { usleep(1000) }
        return 1
    }
    /// Fails so often, counted by the lines of a file.
    public static let flaky = method("flaky(path:failures:)") { (_: Caller, path: String, failures: Int) in
        let count = try countedLine("x", in: path)
        if count <= failures { throw Overdrawn(missing: count) }
        return count
    }
    public static let members = Members(start, add, pid, own, ownTimed, sleeps, spins, flaky)
}

public enum ActorTasks {
    /// Calls the counter, then kills its own process so often, counted by the lines of a file.
    public static let callAndDie = RemoteFunction("callAndDie(counter:path:deaths:)") {
        (counter: ActorHandle<Counter>, path: String, deaths: Int) in
        let value = try await counter.add.remote(1).get()
        if try countedLine("\(value)", in: path) <= deaths { kill(getpid(), SIGKILL) }
        return value
    }
    public static let callLater = RemoteFunction("callLater(counter:milliseconds:)") { (counter: ActorHandle<Counter>, milliseconds: Int) in
        try await Task.sleep(for: .milliseconds(milliseconds))
        return try await counter.add.remote(1).get()
    }
    public static let lateValue = RemoteFunction("lateValue(n:milliseconds:)") { (n: Int, milliseconds: Int) in
        try await Task.sleep(for: .milliseconds(milliseconds))
        return n
    }
    /// The outcome of a call as this process sees it.
    public static let outcome = RemoteFunction("outcome(counter:)") { (counter: ActorHandle<Counter>) in
        switch await counter.add.remote(1).outcome() {
        case .success: "success"
        case .failure(let error): error.code.rawValue
        }
    }
}

/// Appends a line and says how many there are.
private func countedLine(_ text: String, in path: String) throws -> Int {
    try appendLine(text, to: path)
    guard let file = fopen(path, "r") else { throw RayflowError(.system, "cannot open \(path)") }
    defer { fclose(file) }
    var count = 0
    while case let byte = getc(file), byte != EOF { if byte == 10 { count += 1 } }
    return count
}
