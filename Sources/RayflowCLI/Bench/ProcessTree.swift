internal import Glibc
import Journal

/// A process and all that descend from it, as /proc shows them at one moment.
struct ProcessTree: Sendable {
    struct Member: Sendable {
        var parent: Int
        var threads: Int
        /// Bytes, with shared pages in full.
        var resident: Int
        /// Seconds of processor time so far.
        var cpu: Double
    }

    private(set) var members: [Int: Member] = [:]

    init(root: pid_t) {
        var all: [Int: Member] = [:]
        for name in (try? Files.names(in: "/proc")) ?? [] {
            if let pid = Int(name), let member = Self.read(pid) { all[pid] = member }
        }
        let children = Dictionary(grouping: all.keys) { all[$0]?.parent ?? 0 }
        var left = [Int(root)]
        while let pid = left.popLast() {
            guard let member = all[pid], members.updateValue(member, forKey: pid) == nil else { continue }
            left += children[pid] ?? []
        }
    }

    var threads: Int { members.values.reduce(0) { $0 + $1.threads } }
    /// Bytes; pages that several processes share count for each.
    var resident: Int { members.values.reduce(0) { $0 + $1.resident } }
    /// Seconds of processor time since an earlier look, of the processes that are in both.
    func cpu(since earlier: ProcessTree) -> Double {
        members.reduce(0) { sum, entry in sum + (earlier.members[entry.key].map { entry.value.cpu - $0.cpu } ?? 0) }
    }
    /// Bytes; a page that several processes share is split among them.
    var proportional: Int { members.keys.reduce(0) { $0 + Self.proportional($1) } }

    /// Nil for a process that has gone.
    private static func read(_ pid: Int) -> Member? {
        guard let text = text("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        // From the third field on: the second is the name, which may contain anything.
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 21, let parent = Int(fields[1]), let threads = Int(fields[17]), let pages = Int(fields[21]),
            let user = Double(fields[11]), let system = Double(fields[12])
        else { return nil }
        return Member(
            parent: parent, threads: threads, resident: pages * sysconf(Int32(_SC_PAGESIZE)),
            cpu: (user + system) / Double(sysconf(Int32(_SC_CLK_TCK))))
    }

    private static func proportional(_ pid: Int) -> Int {
        guard let line = text("/proc/\(pid)/smaps_rollup")?.split(separator: "\n").first(where: { $0.hasPrefix("Pss:") }) else { return 0 }
        return line.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 } ?? 0
    }

    private static func text(_ path: String) -> String? {
        (try? Files.read(path, atMost: 64 << 10)).map { String(decoding: $0, as: UTF8.self) }
    }
}
