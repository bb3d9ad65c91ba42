public import Rayflow

#if canImport(Glibc)
    import Glibc
#endif

/// Tasks and an actor that hold memory.
public enum Hoarding {
    /// Takes memory and writes to all of it.
    static func take(_ mebibytes: Int) -> UnsafeMutableRawPointer {
        let count = mebibytes << 20
        let memory = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 4096)
        for at in stride(from: 0, to: count, by: 4096) {
            memory.storeBytes(of: UInt8(at >> 12 & 0xFF) | 1, toByteOffset: at, as: UInt8.self)
        }
        return memory
    }

    /// Counts one up in a file as the kernel does before it kills, and is killed.
    public static let killed = RemoteFunction("killed(events:)") { (events: String) in
        if let file = fopen(events, "w") {
            fputs("oom_kill 5\n", file)
            fclose(file)
        }
        kill(getpid(), SIGKILL)
        return 0
    }
    /// Says that it begins, takes memory, says its attempt, and holds it until the file exists.
    public static let hold = RemoteFunction("hold(path:mebibytes:gate:)") { (path: String, mebibytes: Int, gate: String) in
        try appendLine("begins", to: path)
        let memory = take(mebibytes)
        defer { memory.deallocate() }
        try appendLine("\(TaskContext.current?.attempt ?? 0)", to: path + ".held")
        try await passed(gate)
        return mebibytes
    }
}

public final class Hoarder: RemoteActor {
    private var held: [UnsafeMutableRawPointer] = []
    private let lives: String

    init(lives: String) throws {
        self.lives = lives
        try appendLine("life", to: lives)
    }

    public static let start = constructor("init(lives:)") { (lives: String) in try Hoarder(lives: lives) }
    /// Holds so much more from now on, and waits for its end.
    public static let hold = method("hold(mebibytes:)") { (me: Hoarder, mebibytes: Int) in
        me.held.append(Hoarding.take(mebibytes))
        try await Task.sleep(for: .seconds(3_600))
        return 0
    }
    public static let count = method("count") { (me: Hoarder) in me.held.count }
    public static let members = Members(start, hold, count)
}
