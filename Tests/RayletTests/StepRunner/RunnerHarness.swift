import CLinux
import Glibc
import RayflowCore
import Testing

@testable import Raylet

/// The engine's side of a real step runner process.
final class RunnerHarness {
    let folder: TestFolder
    let runner: StepRunnerLauncher.Launched
    /// Unique on this machine, so that tests at the same time do not sweep each other's processes.
    let tokens: String
    private var socket: Int32
    private var frames = StepFrames()
    private var nextKey: UInt64 = 0
    private var reports: [UInt64: [StepReport]] = [:]

    init(variables: [EnvironmentVariable] = []) throws {
        folder = try TestFolder()
        tokens = "test-\(getpid())-\(rf_monotonic_ns())/"
        runner = try StepRunnerLauncher.launch(
            .command(Self.tool), arguments: ["rayflow-step-runner"], environment: Self.environment + variables)
        socket = runner.socket
    }

    deinit {
        disconnect()
        _ = ends(pidfd: runner.process.pidfd)
        _ = runner.process.reap()
        close(runner.process.pidfd)
    }

    static let environment = [
        EnvironmentVariable("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"), EnvironmentVariable("LANG", "C"),
    ]

    /// Beside the test program.
    static var tool: String {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        let text = String(decoding: path[..<max(count, 0)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.prefix(upTo: text.lastIndex(of: "/") ?? text.startIndex) + "/StepRunnerTool"
    }

    var fence: String { folder.path + "/fence" }
    func attemptFolder(_ key: UInt64) -> String { folder.path + "/attempts/\(key)/1" }
    func exitFile(_ key: UInt64) -> ExitRecord? { ExitFile.read(in: attemptFolder(key)) }
    func token(_ key: UInt64) -> String { tokens + "\(key)" }

    func order(_ arguments: [String]) -> StepStart {
        nextKey += 1
        return StepStart(
            key: nextKey, attempt: Attempt(epoch: 1, number: 1), arguments: arguments, environment: Self.environment, workdir: folder.path,
            outputPath: folder.path + "/\(nextKey).out", errorPath: folder.path + "/\(nextKey).err", attemptFolder: attemptFolder(nextKey),
            token: token(nextKey), graceMilliseconds: 60_000, fencePath: fence)
    }

    @discardableResult
    func start(_ arguments: [String], _ change: (inout StepStart) -> Void = { _ in }) throws -> UInt64 {
        var start = order(arguments)
        change(&start)
        try send(.start(start))
        return start.key
    }

    @discardableResult
    func shell(_ script: String, _ change: (inout StepStart) -> Void = { _ in }) throws -> UInt64 {
        try start(["sh", "-c", script], change)
    }

    func send(_ command: StepCommand) throws {
        var writer = ByteWriter()
        command.encode(into: &writer)
        try send(writer.bytes)
    }

    func send(_ bytes: [UInt8]) throws {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.send(socket, $0.baseAddress! + done, $0.count - done, Int32(MSG_NOSIGNAL)) }
            try #require(count > 0)
            done += count
        }
    }

    /// The next report about a step.
    func report(_ key: UInt64) throws -> StepReport {
        while true {
            if var mine = reports[key], !mine.isEmpty {
                let first = mine.removeFirst()
                reports[key] = mine
                return first
            }
            while let body = try frames.next() {
                let report = try StepReport(body: body)
                reports[report.key, default: []].append(report)
            }
            if reports[key]?.isEmpty == false { continue }
            var ready = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            try #require(poll(&ready, 1, 60_000) == 1, "no report about \(key)")
            var bytes = [UInt8](repeating: 0, count: 1 << 16)
            let count = read(socket, &bytes, bytes.count)
            try #require(count > 0, "the runner is gone before it reported about \(key)")
            frames.append(bytes[..<count])
        }
    }

    func started(_ key: UInt64) throws -> Int32 {
        let report = try report(key)
        guard case .started(_, let pid) = report else {
            Issue.record("\(report)")
            throw StopTest()
        }
        return pid
    }

    func exit(_ key: UInt64) throws -> StepExit {
        let report = try report(key)
        switch report {
        case .started: return try exit(key)
        case .exited(_, let exit, let isRecorded):
            #expect(isRecorded)
            #expect(exitFile(key) == nil || exitFile(key)?.exit == exit)
            return exit
        case .failedToStart(_, let failure):
            Issue.record("\(failure)")
            throw StopTest()
        }
    }

    func failure(_ key: UInt64) throws -> SpawnFailure {
        let report = try report(key)
        guard case .failedToStart(_, let failure) = report else {
            Issue.record("\(report)")
            throw StopTest()
        }
        return failure
    }

    /// The engine dies.
    func disconnect() {
        if socket >= 0 { close(socket) }
        socket = -1
    }

    func kill() { runner.process.signal(SIGKILL) }
    func waitForRunner() -> Bool { ends(pidfd: runner.process.pidfd) }

    /// Whether nobody holds the fence.
    func fenceIsFree() -> Bool {
        let descriptor = rf_open(fence, O_RDWR | O_CREAT, 0o644)
        defer { close(descriptor) }
        return rf_ofd_is_locked(descriptor, 1) == 0
    }
}

struct StopTest: Error {}
