import CLinux
import Glibc
import Testing

/// A folder of a test's own with all that its processes can leave behind: runs, session folders, the steps' log.
final class Place {
    /// Short, since socket paths are.
    let path: String
    private var starts = 0
    private let sharedMemory = Set(TextFile.names(in: "/dev/shm"))

    init() throws {
        var template = Array("/tmp/rfc-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestFault("no folder: \(String(cString: strerror(errno)))") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        for folder in [temporary, work] { mkdir(folder, 0o700) }
    }

    deinit {
        for process in processes { kill(process.pid, SIGKILL) }
        TextFile.removeTree(path)
    }

    var home: String { path + "/home" }
    var temporary: String { path + "/t" }
    var work: String { path + "/work" }
    /// Every step appends its position here.
    var log: String { path + "/log" }
    /// Where the sessions are.
    var sessions: String { "\(temporary)/rayflow-\(geteuid())" }

    var environment: [String: String] {
        [
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": path, "TMPDIR": temporary, "RAYFLOW_HOME": home, "LANG": "C",
            "LD_LIBRARY_PATH": getenv("LD_LIBRARY_PATH").map { String(cString: $0) } ?? "",
        ]
    }

    /// The folder with the programs that were built together with these tests.
    static let programs: String = {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let own = String(decoding: buffer[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return own.lastIndex(of: "/").map { String(own[..<$0]) } ?? "."
    }()

    func start(
        _ program: String = "rayflow", _ arguments: [String], adding variables: [String: String] = [:], asUser user: uid_t? = nil
    ) throws -> RunningProgram {
        starts += 1
        return try RunningProgram(
            Self.programs + "/" + program, arguments, environment: environment.merging(variables) { $1 }, folder: work,
            outputs: "\(path)/io-\(starts)", asUser: user)
    }

    // MARK: What is there

    /// Everything that was started here and below, and still runs.
    var processes: [ProcessList.Entry] { ProcessList.having("TMPDIR=\(temporary)") }

    var lines: [String] { (TextFile.read(log) ?? "").split(separator: "\n").map(String.init) }
    var lineCounts: [String: Int] { lines.reduce(into: [:]) { $0[$1, default: 0] += 1 } }
    /// A folder that was to become a run has no run yet.
    var runs: [String] { TextFile.names(in: home + "/runs").filter { !$0.hasPrefix(".") } }

    /// Waits until what was told to end has ended.
    func settle(seconds: UInt64 = 20) -> [ProcessList.Entry] {
        let deadline = rf_monotonic_ns() + seconds * 1_000_000_000
        while true {
            let left = processes
            if left.isEmpty || rf_monotonic_ns() > deadline { return left }
            usleep(2000)
        }
    }

    /// Nothing is left of what ran here: no process, no session, no shared memory.
    func expectNothingLeft(_ when: String, _ location: SourceLocation = #_sourceLocation) {
        let left = settle(seconds: 5)
        #expect(left.isEmpty, "\(when): still running: \(left)", sourceLocation: location)
        let folders = TextFile.names(in: sessions).map { "\($0) with \(TextFile.names(in: "\(sessions)/\($0)"))" }
        #expect(folders.isEmpty, "\(when): session folders are left: \(folders)", sourceLocation: location)
        // The journal's tests work there, perhaps at this moment.
        let shared = TextFile.names(in: "/dev/shm").filter { !sharedMemory.contains($0) && !$0.hasPrefix("rayflow-journal-") }
        #expect(shared.isEmpty, "\(when): shared memory is left", sourceLocation: location)
    }
}
