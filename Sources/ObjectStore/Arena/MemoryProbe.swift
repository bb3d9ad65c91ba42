/// How much memory there is, as far as this process may use it: the machine's, or its cgroup's when that is less. In bytes.
package struct MemoryProbe: Sendable {
    package struct Memory: Sendable, Hashable {
        package var total: Int
        /// What can be taken without swapping or killing.
        package var available: Int
        package init(total: Int, available: Int) {
            self.total = total
            self.available = available
        }
    }

    package var memory: @Sendable () -> Memory
    /// Processes that the kernel has ended for lack of memory: of this process's cgroup, or of the machine where that does not tell. Only its
    /// changes mean something; nil: nobody knows.
    package var kernelKills: @Sendable () -> Int?

    package init(memory: @escaping @Sendable () -> Memory, kernelKills: @escaping @Sendable () -> Int? = { nil }) {
        self.memory = memory
        self.kernelKills = kernelKills
    }

    package static let system = files(proc: "/proc", cgroup: "/sys/fs/cgroup")

    /// What these folders say instead of `/proc` and `/sys/fs/cgroup`.
    package static func files(proc: String, cgroup: String) -> MemoryProbe {
        let files = Files(proc: proc, cgroup: cgroup)
        return MemoryProbe {
            files.memory()
        } kernelKills: {
            files.kernelKills()
        }
    }

    /// Where the kernel tells it. Folders are parameters so that any machine can be described by files.
    struct Files {
        var proc = "/proc"
        var cgroup = "/sys/fs/cgroup"

        func memory() -> Memory {
            let machine = Self.parse(meminfo: SmallFile.text(proc + "/meminfo") ?? "")
            var memory = machine
            for level in levels() {
                guard let limit = number(level.folder + level.names.limit), limit < machine.total else { continue }
                memory.total = min(memory.total, limit)
                let used = number(level.folder + level.names.used) ?? 0
                // Clean file pages count as used, but the kernel drops them before it runs short.
                let droppable = SmallFile.text(level.folder + "/memory.stat").flatMap { Self.field(level.names.droppable, in: $0) } ?? 0
                memory.available = min(memory.available, max(limit - max(used - droppable, 0), 0))
            }
            return memory
        }

        func kernelKills() -> Int? {
            for level in levels() {
                guard let text = SmallFile.text(level.folder + level.names.kills) else { continue }
                if let count = Self.field("oom_kill", in: text) { return count }
            }
            return SmallFile.text(proc + "/vmstat").flatMap { Self.field("oom_kill", in: $0) }
        }

        private struct Level {
            var folder: String
            var names: (limit: String, used: String, droppable: String, kills: String)
        }

        /// The process's cgroup and all above it, each of which may limit; version 1 and 2, also mounted side by side.
        private func levels() -> [Level] {
            var levels: [Level] = []
            for line in (SmallFile.text(proc + "/self/cgroup") ?? "").split(separator: "\n") {
                let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
                guard parts.count == 3 else { continue }
                var path = parts[2]
                while true {
                    let tail = path == "/" ? "" : String(path)
                    if parts[0] == "0", parts[1].isEmpty {
                        for root in [cgroup, cgroup + "/unified"] {
                            levels.append(
                                Level(folder: root + tail, names: ("/memory.max", "/memory.current", "inactive_file", "/memory.events")))
                        }
                    } else if parts[1].split(separator: ",").contains("memory") {
                        let names = ("/memory.limit_in_bytes", "/memory.usage_in_bytes", "total_inactive_file", "/memory.oom_control")
                        levels.append(Level(folder: cgroup + "/memory" + tail, names: names))
                    }
                    guard let slash = path.lastIndex(of: "/"), path.count > 1 else { break }
                    path = slash == path.startIndex ? "/" : path[..<slash]
                }
            }
            return levels
        }

        private func number(_ path: String) -> Int? {
            guard let text = SmallFile.text(path) else { return nil }
            let digits = text.prefix { $0.isASCII && $0.isNumber }
            return Int(digits)
        }

        /// MemTotal and MemAvailable; nothing when the text does not say.
        static func parse(meminfo: String) -> Memory {
            let total = field("MemTotal:", in: meminfo) ?? 0
            return Memory(total: kibibytes(total), available: kibibytes(field("MemAvailable:", in: meminfo) ?? 0))
        }

        private static func kibibytes(_ count: Int) -> Int { max(0, min(count, Int.max >> 10)) << 10 }

        static func field(_ name: String, in text: String) -> Int? {
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ", omittingEmptySubsequences: true)
                if words.count >= 2, words[0] == name { return Int(words[1]) }
            }
            return nil
        }
    }
}
