public import Rayflow

#if canImport(Glibc)
    import Glibc
#endif

/// Bodies that look at the variables of their process.
public enum Environments {
    static func value(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "-" }

    public static let values = RemoteFunction("values(names:)") { (names: [String]) in names.map(value) }
    /// The same, with the pid of the worker first.
    public static let place = RemoteFunction("place(names:)") { (names: [String]) in ["\(getpid())"] + names.map(value) }
    /// What a child sees that asks for nothing itself.
    public static let inherited = RemoteFunction("inherited(names:)") { (names: [String]) in try await values.remote(names).get() }
    /// What a child sees that asks for these.
    public static let merged = RemoteFunction("merged(names:with:)") { (names: [String], with: [String: String]) in
        try await values.options(environment: with).remote(names).get()
    }
    /// What an actor sees that a task has made.
    public static let actor = RemoteFunction("actor(names:)") { (names: [String]) in
        try await Surroundings.start.remote().values.remote(names).get()
    }
    /// Says which GPUs it may use, and uses them until the file exists.
    public static let devices = RemoteFunction("devices(path:gate:)") { (path: String, gate: String) in
        let own = value("CUDA_VISIBLE_DEVICES")
        try appendLine(own, to: path)
        try await passed(gate)
        return own
    }
    public static let gpus = RemoteFunction("gpus") { () in TaskContext.current?.gpus ?? [] }
    public static let context = RemoteFunction("context") { () in TaskContext.current?.environment ?? [:] }
}

public final class Surroundings: RemoteActor {
    public static let start = constructor("init") { () in Surroundings() }
    public static let values = method("values(names:)") { (_: Surroundings, names: [String]) in names.map(Environments.value) }
    public static let inherited = method("inherited(names:)") { (_: Surroundings, names: [String]) in
        try await Environments.values.remote(names).get()
    }
    public static let dies = method("dies") { (_: Surroundings) in
        kill(getpid(), SIGKILL)
        return 0
    }
    public static let members = Members(start, values, inherited, dies)
}
