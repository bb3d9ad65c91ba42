public import Rayflow

#if canImport(Glibc)
    import Glibc
#endif

public struct Point: RemoteValue, Equatable {
    public var x: Double
    public var y: Double?
    public init(x: Double, y: Double? = nil) {
        self.x = x
        self.y = y
    }
}

public struct Overdrawn: RemoteError, Equatable {
    public var missing: Int
    public init(missing: Int) { self.missing = missing }
}

/// Not among the registered errors.
public struct Plain: Error {}

func append(_ x: [Int], to s: String) -> [Int] { x + [s.utf8.count] }

/// The calls of the documentation of the Swift API.
public enum Tasks {
    public static let square = RemoteFunction("square(x:)") { (x: Int) in x * x }
    public static let add = RemoteFunction("add(x:y:)") { (x: Int, y: Int) async throws -> Int in x + y }
    public static let appending = RemoteFunction("append", append(_:to:))
    public static let scale = RemoteFunction("scale(p:by:)", version: 2) { (p: Point, by: Float) in Point(x: p.x * Double(by), y: p.y) }
    public static let divmod = RemoteFunction("divmod(n:by:) -> (q, r)") { (n: Int, by: Int) in (n / by, n % by) }
    public static let total = RemoteFunction("total(xs:)") { (xs: [Int]) in xs.reduce(0, +) }
    public static let first = RemoteFunction("first") { (xs: [ObjectRef<Int>]) in try await xs[0].get() }
    public static let log = RemoteFunction("log") { (s: String) in
        print(s)
    }
    public static let tail = RemoteFunction("tail") { (n: Int) in square.remote(n + 1) }
    public static let norm = RemoteFunction("norm(v:)") { (v: RemoteBuffer<Float>) in
        v.withSpan { span in
            var total: Float = 0
            for index in span.indices { total += span[index] * span[index] }
            return total
        }
    }
    public static let fib: RemoteFunction<Int, Single<Int>> = RemoteFunction("fib(n:)") { (n: Int) in
        n < 2 ? n : try await add.remote(fib.remote(n - 1), fib.remote(n - 2)).get()
    }
    public static let overdraw = RemoteFunction("overdraw(by:)") { (by: Int) throws -> Int in throw Overdrawn(missing: by) }
    public static let plain = RemoteFunction("plain") { () throws -> Int in throw Plain() }

    // What the engine is tried with.

    public static let pid = RemoteFunction("pid") { () in Int(getpid()) }
    public static let attempt = RemoteFunction("attempt") { () in TaskContext.current?.attempt ?? 0 }
    /// The worker is killed in its first `times` attempts.
    public static let dies = RemoteFunction("dies(times:)") { (times: Int) in
        let attempt = TaskContext.current?.attempt ?? 0
        if attempt <= times { kill(getpid(), SIGKILL) }
        return attempt
    }
    /// The same with a large result, and the worker is killed after it was written.
    public static let failsOnce = RemoteFunction("failsOnce") { () throws -> Int in
        guard let attempt = TaskContext.current?.attempt, attempt > 1 else { throw Overdrawn(missing: 1) }
        return attempt
    }
    /// Writes its pid, then waits until it is cancelled.
    public static let waits = RemoteFunction("waits(path:)") { (path: String) in
        try appendLine("\(getpid())", to: path)
        try await Task.sleep(for: .seconds(3_600))
        return 0
    }
    /// Waits without giving in to a cancel.
    public static let deaf = RemoteFunction("deaf(path:)") { (path: String) in
        try appendLine("\(getpid())", to: path)
        while true { pause() }
        return 0
    }
    /// A large result whose worker is killed that many microseconds after its first attempt was made.
    public static let leaves = RemoteFunction("leaves(count:after:)") { (count: Int, after: Int) in
        if TaskContext.current?.attempt == 1 {
            var thread = pthread_t()
            let argument = UnsafeMutableRawPointer(bitPattern: after + 1)
            let killer: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { after in
                usleep(UInt32(UInt(bitPattern: after)))
                kill(getpid(), SIGKILL)
                return nil
            }
            pthread_create(&thread, nil, killer, argument)
        }
        return [Float](repeating: 1.5, count: count)
    }
    public static let make = RemoteFunction("make(count:)") { (count: Int) in [Float](repeating: 1.5, count: count) }
    public static let handOver = RemoteFunction("handOver(count:)") { (count: Int) in make.remote(count) }
    public static let refs = RemoteFunction("refs(count:)") { (count: Int) in
        let refs = (0..<count).map { square.remote($0) }
        for ref in refs { _ = try await ref.get() }
        return refs
    }
    public static let child = RemoteFunction("child(x:)") { (x: Int) in x }
    public static let parent = RemoteFunction("parent(children:)") { (children: Int) in
        let refs = (0..<children).map { child.remote($0) }
        var sum = 0
        for ref in refs { sum += try await ref.get() }
        return sum
    }
    public static let useCounter = RemoteFunction("useCounter(counter:by:)") { (counter: ActorHandle<Counter>, by: Int) in
        try await counter.add.remote(by).get()
    }
    public static let detached = RemoteFunction("detached") { () in
        // A child task keeps the context of its task.
        async let a = square.remote(3).get()
        async let b = square.remote(4).get()
        return try await a + b
    }
    public static let environment = RemoteFunction("environment(name:)") { (name: String) in getenv(name).map { String(cString: $0) } }
}

/// Appends one line in one write.
public func appendLine(_ text: String, to path: String) throws {
    let fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard fd >= 0 else { throw RayflowError(.system, "cannot open \(path)") }
    let bytes = Array((text + "\n").utf8)
    _ = bytes.withUnsafeBytes { write(fd, $0.baseAddress, $0.count) }
    close(fd)
}
