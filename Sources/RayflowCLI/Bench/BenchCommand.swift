import ArgumentParser
internal import CLinux
internal import Glibc
import Journal
import Rayflow
import RayflowCore

/// `rayflow bench`: the engine's figures on this machine, by the definitions that the peers' scripts use.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure the engine on this machine.",
        discussion: """
            Rates: 1 s warm-up, then 3 windows of 2 s. Everything else: one warm-up, then 3 timed runs. No-op tasks return the two bytes \
            "ok". The engine has 2 CPU slots.
            """)

    @Flag(help: "Print {name: {median, min, max, unit}} and nothing else.")
    var json = false
    @Option(name: .long, parsing: .upToNextOption, help: "Only these metrics.")
    var only: [String] = []
    @Flag(help: "List the names of all metrics.")
    var list = false
    /// Measures the start in a fresh process, for the parent benchmark.
    @Flag(help: .hidden)
    var start = false

    static var names: [String] { ["init_s"] + EngineBench.groups.flatMap(\.names) + StepBench.names }

    func run() async throws {
        if start { return try await measureStart() }
        if list { return print(Self.names.joined(separator: "\n")) }
        for name in only where !Self.names.contains(name) {
            throw ValidationError("there is no metric \(name); rayflow bench --list names them")
        }
        func wants(_ names: [String]) -> Bool { only.isEmpty || names.contains { only.contains($0) } }
        var results: [Measurement] = []
        func keep(_ measured: [Measurement]) {
            for one in measured where only.isEmpty || only.contains(one.name) {
                results.append(one)
                if !json { print(row(one)) }
            }
        }
        if wants(["init_s"]) { keep([try starts()]) }
        if EngineBench.groups.contains(where: { wants($0.names) }) {
            setenv(BenchRemotes.variable, "1", 1)
            let ray = try await Cluster.start(BenchRemotes.registry, resources: ["CPU": 2])
            try await ray.run {
                _ = try await BenchRemotes.noop.remote().get()
                for group in EngineBench.groups where wants(group.names) { keep(try await group.run(ray)) }
            }
            await ray.shutDown()
        }
        if wants(StepBench.names) {
            let folder = "/tmp/rayflow-bench-\(getpid())"
            try Files.makeFolder(folder)
            defer { Self.remove(folder) }
            keep(try StepBench.run(folder: folder))
        }
        if json {
            var object = JSONObject()
            for result in results { object[result.name] = result.json }
            print(JSON.object(object).pretty())
        }
    }

    private func row(_ one: Measurement) -> String {
        func number(_ value: Double) -> String {
            let digits = abs(value) >= 1_000 ? 0 : abs(value) >= 10 ? 1 : 4
            var scale = 1.0
            for _ in 0..<digits { scale *= 10 }
            let rounded = (value * scale).rounded() / scale
            return digits == 0 ? String(Int(rounded)) : String(rounded)
        }
        let name = one.name + String(repeating: " ", count: max(1, 30 - one.name.count))
        return "\(name)\(number(one.median)) \(one.unit)  (\(number(one.values.min() ?? 0)) to \(number(one.values.max() ?? 0)))"
    }

    // MARK: Start-up

    /// From the call that starts the engine to the first no-op done, in fresh processes.
    private func starts() throws -> Measurement {
        var values: [Double] = []
        for _ in 0..<Sampling.timedRuns {
            guard let value = Double(try ChildOutput.read(["bench", "--start"]).trimmed) else {
                throw RayflowError(.system, "the start of a fresh process could not be measured")
            }
            values.append(value)
        }
        return Measurement(name: "init_s", unit: "s", values: values)
    }

    private func measureStart() async throws {
        setenv(BenchRemotes.variable, "1", 1)
        let begin = Sampling.seconds()
        let ray = try await Cluster.start(BenchRemotes.registry, resources: ["CPU": 2])
        try await ray.run { _ = try await BenchRemotes.noop.remote().get() }
        print(Sampling.seconds() - begin)
        await ray.shutDown()
    }

    private static func remove(_ folder: String) {
        for name in (try? Files.names(in: folder)) ?? [] {
            let path = "\(folder)/\(name)"
            if Files.isFolder(path) { remove(path) } else { unlink(path) }
        }
        rmdir(folder)
    }
}

/// What a child of this program prints.
enum ChildOutput {
    static var thisProgram: String {
        guard let path = realpath("/proc/self/exe", nil) else { return CommandLine.arguments[0] }
        defer { free(path) }
        return String(cString: path)
    }

    static func read(_ arguments: [String]) throws -> String {
        let path = thisProgram
        var ends: (Int32, Int32) = (-1, -1)
        let made = withUnsafeMutablePointer(to: &ends) { $0.withMemoryRebound(to: Int32.self, capacity: 2) { rf_pipe_cloexec($0) } }
        guard made == 0 else { throw RayflowError(.system, "pipe: \(String(cString: strerror(errno)))") }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends.1, 1)
        var argv = ([path] + arguments).map { strdup($0) } + [nil]
        defer { for pointer in argv { free(pointer) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, path, &actions, nil, &argv, rf_environ())
        close(ends.1)
        defer { close(ends.0) }
        guard code == 0 else { throw RayflowError(.system, "cannot start a child: \(String(cString: strerror(code)))") }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(ends.0, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            text += buffer[0..<count]
        }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return String(decoding: text, as: UTF8.self)
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while text.last?.isWhitespace == true { text = text.dropLast() }
        return String(text)
    }
}
