public import Rayflow

#if canImport(Glibc)
    import Glibc
#endif

/// Tasks that leave a line in a file each time they run.
public enum Effects {
    public static let mark = RemoteFunction("mark(path:x:)") { (path: String, x: Int) in
        try appendLine("\(x)", to: path)
        return x * x
    }
    public static let large = RemoteFunction("large(path:count:)") { (path: String, count: Int) in
        try appendLine("large", to: path)
        return (0..<count).map { Float($0) }
    }
    /// Ends when the file exists.
    public static let slow = RemoteFunction("slow(gate:x:)") { (gate: String, x: Int) in
        try await passed(gate)
        return x
    }
    /// Five children one after the other; the driver is killed after the fourth if a file asks for it. Records what it decided on the way.
    public static let family = RemoteFunction("family(path:)") { (path: String) in
        var sum = 0
        for index in 0..<4 { sum += try await mark.remote(path, 100 + index).get() }
        let token = try await Cluster.current.step("token") { () -> Int in
            try appendLine("step", to: path)
            return 17
        }
        if access(path + ".kill", F_OK) == 0 {
            unlink(path + ".kill")
            kill(getppid(), SIGKILL)
            try await Task.sleep(for: .seconds(60))
        }
        return sum + token + (try await mark.remote(path, 104).get())
    }
}
