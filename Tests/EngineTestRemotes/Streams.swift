public import Rayflow

#if canImport(Glibc)
    import Glibc
#endif

/// What streams are tried with.
public enum Streams {
    public static let count = RemoteFunction("count(to:)") { (out: RemoteSink<Int>, n: Int) in
        for i in 0..<n { try await out.send(i) }
    }
    /// Leaves a line for each item that was sent, and one with the error that ended it.
    public static let told = RemoteFunction("told(to:path:)") { (out: RemoteSink<Int>, n: Int, path: String) in
        do {
            for i in 0..<n {
                try await out.send(i)
                try appendLine("\(i)", to: path)
            }
            try appendLine("end", to: path)
        } catch {
            try appendLine((error as? RayflowError)?.code.rawValue ?? "\(type(of: error))", to: path)
            throw error
        }
    }
    public static let breaks = RemoteFunction("breaks(at:)") { (out: RemoteSink<Int>, at: Int) in
        for i in 0..<at { try await out.send(i) }
        throw Overdrawn(missing: at)
    }
    /// The worker is killed in the first attempt, once `at` items were taken; later attempts give `then` items.
    public static let dies = RemoteFunction("diesStreaming(at:then:)") { (out: RemoteSink<Int>, at: Int, then: Int) in
        guard TaskContext.current?.attempt == 1 else {
            for i in 0..<then { try await out.send(i) }
            return
        }
        for i in 0..<at { try await out.send(i) }
        // With a window of one, this item waits for the one before it to be taken.
        try await out.send(at)
        kill(getpid(), SIGKILL)
    }
    public static let large = RemoteFunction("largeItems(count:)") { (out: RemoteSink<[Float]>, count: Int) in
        for i in 0..<count { try await out.send([Float](repeating: Float(i), count: 100_000)) }
    }
    public static let sequence = RemoteFunction("sequence(to:)") { (n: Int) in
        AsyncStream<Int> { continuation in
            for i in 0..<n { continuation.yield(i) }
            continuation.finish()
        }
    }
    public static let refs = RemoteFunction("refItems(count:)") { (out: RemoteSink<ObjectRef<Int>>, count: Int) in
        for i in 0..<count { try await out.send(Tasks.square.remote(i)) }
    }
    public static let numbers = RemoteFunction("numbers(to:)") { (n: Int) in Array(0..<n) }
    /// Waits for a task that waits for ever.
    public static let nested = RemoteFunction("nested(path:)") { (path: String) in try await Tasks.waits.remote(path).get() }
    public static let several = RemoteFunction("several(by:) -> (a, b, c)") { (by: Int) throws -> (Int, Int, Int) in
        throw Overdrawn(missing: by)
    }
}
