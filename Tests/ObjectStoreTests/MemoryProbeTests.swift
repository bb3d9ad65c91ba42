import Foundation
import Glibc
import Testing

@testable import ObjectStore

@Suite struct MemoryProbeTests {
    private func write(_ text: String, _ path: String) throws {
        var folder = ""
        for part in path.split(separator: "/").dropLast() {
            folder += "/" + part
            mkdir(folder, 0o700)
        }
        let file = try #require(fopen(path, "w"))
        fputs(text, file)
        fclose(file)
    }

    private func machine(cgroup: String, _ files: [String: String]) throws -> MemoryProbe.Memory {
        try machine(cgroup: cgroup, files) { $0.memory() }
    }

    private func machine<T>(cgroup: String, _ files: [String: String], _ body: (MemoryProbe.Files) -> T) throws -> T {
        var template = Array("/tmp/rayflow-probe-XXXXXX".utf8CString)
        let root = String(cString: try #require(mkdtemp(&template)))
        defer { try? FileManager.default.removeItem(atPath: root) }
        try write("MemTotal:       1000000 kB\nMemFree:  1 kB\nMemAvailable:    600000 kB\n", root + "/proc/meminfo")
        try write(cgroup, root + "/proc/self/cgroup")
        for (path, text) in files { try write(text, root + "/cgroup" + path) }
        return body(MemoryProbe.Files(proc: root + "/proc", cgroup: root + "/cgroup"))
    }

    @Test("without a limit the machine's memory counts")
    func noLimit() throws {
        let memory = try machine(cgroup: "0::/user\n", ["/user/memory.max": "max\n"])
        #expect(memory == .init(total: 1_000_000 << 10, available: 600_000 << 10))
    }

    @Test("the tightest cgroup above the process counts, without its droppable pages")
    func version2() throws {
        let memory = try machine(
            cgroup: "0::/a/b\n",
            [
                "/a/memory.max": "100000000\n", "/a/memory.current": "90000000\n", "/a/memory.stat": "anon 1\ninactive_file 30000000\n",
                "/a/b/memory.max": "200000000\n", "/a/b/memory.current": "10\n",
            ])
        #expect(memory == .init(total: 100_000_000, available: 40_000_000))
    }

    @Test("version 1 limits count too, and no limit is a huge number there")
    func version1() throws {
        let limited = try machine(
            cgroup: "5:memory:/job\n0::/\n",
            ["/memory/job/memory.limit_in_bytes": "50000000\n", "/memory/job/memory.usage_in_bytes": "60000000\n"])
        #expect(limited == .init(total: 50_000_000, available: 0))
        let free = try machine(cgroup: "5:cpu,memory:/\n", ["/memory/memory.limit_in_bytes": "9223372036854771712\n"])
        #expect(free.total == 1_000_000 << 10)
    }

    @Test("what the kernel has killed is told by the process's cgroup, else by the machine")
    func kernelKills() throws {
        let files = ["/a/b/memory.events": "oom 9\noom_kill 3\n", "/a/memory.events": "oom_kill 5\n"]
        #expect(try machine(cgroup: "0::/a/b\n", files) { $0.kernelKills() } == 3)
        #expect(try machine(cgroup: "0::/a/other\n", files) { $0.kernelKills() } == 5)
        let old = [
            "/memory/job/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n", "/../proc/vmstat": "x 1\noom_kill 11\n",
        ]
        #expect(try machine(cgroup: "5:memory:/job\n0::/\n", old) { $0.kernelKills() } == 7)
        #expect(try machine(cgroup: "0::/\n", old) { $0.kernelKills() } == 11)
        #expect(try machine(cgroup: "0::/\n", [:]) { $0.kernelKills() } == nil)
    }

    @Test("a machine that tells nothing has no memory to give")
    func silent() {
        #expect(MemoryProbe.Files.parse(meminfo: "garbage") == .init(total: 0, available: 0))
    }

    @Test("this machine's memory is known")
    func here() {
        let memory = MemoryProbe.system.memory()
        #expect(memory.total > 0 && memory.available > 0 && memory.available <= memory.total)
    }

    @Test("the default arena takes 30 % of the memory in whole slabs, and at least one")
    func defaultGeometry() throws {
        let big = try ArenaGeometry.fitting(probe: .fixed(total: 10 << 30, available: 1 << 30))
        #expect(big.slabSize == 64 << 20 && big.slabCount == 47)
        #expect(try ArenaGeometry.fitting(probe: .fixed(total: 1 << 20, available: 0)).slabCount == 1)
        #expect(try ArenaGeometry.fitting(maximumBytes: (64 << 20) + 1).slabCount == 2)
        #expect(throws: ArenaError.self) { try ArenaGeometry.fitting(maximumBytes: 0) }
    }
}
