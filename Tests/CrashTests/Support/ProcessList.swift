import Glibc

/// What runs on this machine, as far as a test may look.
enum ProcessList {
    struct Entry: CustomStringConvertible {
        var pid: pid_t
        var name: String
        var arguments: [String]
        var environment: [String]
        var description: String { "\(pid) \(name) \(arguments.joined(separator: " ").prefix(120))" }
    }

    /// Processes with exactly this entry in their environment, the calling one apart. Zombies have no environment.
    static func having(_ variable: String) -> [Entry] {
        TextFile.names(in: "/proc").compactMap { name in
            guard let pid = pid_t(name), pid != getpid(), let text = TextFile.read("/proc/\(pid)/environ") else { return nil }
            let environment = text.split(separator: "\0").map(String.init)
            guard environment.contains(variable) else { return nil }
            let name = TextFile.read("/proc/\(pid)/comm")?.split(separator: "\n").first.map(String.init) ?? ""
            let arguments = (TextFile.read("/proc/\(pid)/cmdline") ?? "").split(separator: "\0").map(String.init)
            return Entry(pid: pid, name: name, arguments: arguments, environment: environment)
        }
    }

    /// The parent's pid is the second field after the name, which may itself hold anything.
    static func parent(of pid: pid_t) -> pid_t? {
        guard let text = TextFile.read("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        return fields.count > 1 ? pid_t(fields[1]) : nil
    }

    static func children(of pid: pid_t) -> [(pid: pid_t, name: String)] {
        TextFile.names(in: "/proc").compactMap { entry in
            guard let child = pid_t(entry), parent(of: child) == pid else { return nil }
            return (child, TextFile.read("/proc/\(child)/comm")?.split(separator: "\n").first.map(String.init) ?? "")
        }
    }
}
