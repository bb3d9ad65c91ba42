import ArgumentParser
import Glibc
import RayflowCore
import Testing
@testable import RayflowCLI

@Suite("The benchmark")
struct BenchTests {
    @Test("each row and each metric has a name of its own, and what is looked at from outside is among the metrics")
    func names() {
        let rows = BenchRow.all
        let metrics = rows.flatMap(\.metrics)
        #expect(Set(rows.map(\.name)).count == rows.count)
        #expect(Set(metrics).count == metrics.count)
        for row in rows {
            #expect(row.limit > 0 && !row.about.isEmpty && !row.metrics.isEmpty, "\(row.name)")
            #expect(Set(row.peaks.keys).union([row.wholeProcess].compactMap(\.self)).isSubset(of: row.metrics), "\(row.name)")
        }
    }

    @Test("a row is found by its name and by each of its metrics")
    func lookup() {
        #expect(BenchRow.named("queued_100k_submit")?.name == "queued_100k")
        #expect(BenchRow.named("nested")?.metrics == ["nested_100x10"])
        #expect(BenchRow.named("tasks") == nil)
    }

    @Test("an unknown row is wrong usage, and the message names those that there are")
    func unknown() async {
        let arguments = ["bench", "--only", "tasks_sync", "speed"]
        #expect(await CommandLineEntry.perform(arguments) == ExitStatus.usage)
        #expect(await CommandLineEntry.perform(["bench", "--time-limit", "0", "--list"]) == ExitStatus.usage)
        do {
            _ = try RayflowCommand.parseAsRoot(arguments)
            Issue.record("it was taken")
        } catch {
            let message = RayflowCommand.message(for: error)
            #expect(message.contains("'speed'") && message.contains("tasks_sync, sync_latency, tasks_async"), "\(message)")
        }
    }

    @Test("median, mean and standard deviation are those of the runs")
    func statistics() {
        let odd = Measurement("m", "s", [3, 1, 8])
        #expect(odd.median == 3 && odd.mean == 4)
        #expect(abs(odd.deviation - (26.0 / 3).squareRoot()) < 1e-12)
        #expect(Measurement("m", "s", [4, 1, 2, 3]).median == 2.5)
        #expect(Measurement("m", "s", [5]).deviation == 0)
    }

    @Test("a measurement survives its way through JSON; what is none is refused")
    func json() throws {
        let one = Measurement("m", "GB/s", [0.25, 5, 1e9])
        let back = try #require(Measurement(name: "m", json: try JSON.parse(one.json.pretty())))
        #expect(back.values == one.values && back.unit == one.unit)
        #expect(one.json.objectValue?["runs"] == 3)
        for text in [#"{"error": "it broke"}"#, #"{"unit": "s", "values": []}"#, #"{"unit": "s", "values": [1, "2"]}"#, "7"] {
            #expect(Measurement(name: "m", json: try JSON.parse(text)) == nil, "\(text)")
        }
    }

    @Test("a process tree holds the process and its children, and none that is gone")
    func tree() throws {
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        // It reads from the pipe until that is closed.
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        posix_spawn_file_actions_addclose(&actions, ends[1])
        var argv = [strdup("cat"), nil]
        defer { free(argv[0]) }
        var child: pid_t = 0
        #expect(posix_spawn(&child, "/bin/cat", &actions, nil, &argv, nil) == 0)
        let tree = ProcessTree(root: getpid())
        #expect(tree.members[Int(child)]?.parent == Int(getpid()))
        #expect(tree.threads > 1 && tree.resident > 1 << 20 && tree.proportional > 0)
        #expect(ProcessTree(root: getpid()).cpu(since: tree) >= 0)
        #expect(ProcessTree(root: child).members.keys.sorted() == [Int(child)])
        ends.forEach { close($0) }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        #expect(ProcessTree(root: child).members.isEmpty)
    }
}
