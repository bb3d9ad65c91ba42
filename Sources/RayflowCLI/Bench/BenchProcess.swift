internal import CLinux
internal import Glibc
import RayflowCore

/// A row in a process of its own: what it leaves behind, and what becomes of it, touches no other row.
struct BenchProcess {
    /// What one process gave: its metrics, or why there are none.
    private struct Outcome {
        var text: [UInt8] = []
        var peaks: [String: Double] = [:]
        /// From its start to its end.
        var seconds = 0.0
        var status: Int32 = 0
        var isLate = false
    }

    /// Milliseconds between two looks at the memory, and the share of one core that looking may take.
    private static let lookMilliseconds = 250.0
    private static let lookShare = 0.05
    /// Bytes that a child may print.
    private static let outputBytes = 1 << 20
    /// Seconds after its limit when a child ends itself, should this process be gone.
    private static let orphanSeconds: UInt32 = 5

    /// - Throws: `CommandFailure` when the row could not be measured.
    static func measure(_ row: BenchRow, quick: Bool, limit: UInt32) throws -> [Measurement] {
        var arguments = ["bench", "--in-process", "--json", "--only", row.name, "--time-limit", "\(limit &+ orphanSeconds)"]
        if quick { arguments.append("--quick") }
        let sampling = quick ? Sampling.quick : .full
        var merged: [Measurement] = []
        for _ in 0..<(row.isFresh ? sampling.runs : 1) {
            for one in try measurements(of: run(arguments, row.peaks, limit), row, limit) {
                if let index = merged.firstIndex(where: { $0.name == one.name }) {
                    merged[index].values += one.values
                } else {
                    merged.append(one)
                }
            }
        }
        return merged
    }

    private static func measurements(of outcome: Outcome, _ row: BenchRow, _ limit: UInt32) throws -> [Measurement] {
        if outcome.isLate {
            throw CommandFailure.fault("took longer than \(limit) s; --time-limit SECONDS gives it more")
        }
        let object = (try? JSON.parse(outcome.text))?.objectValue ?? JSONObject()
        if let message = object[row.name]?.objectValue?["error"]?.stringValue { throw CommandFailure.fault(message) }
        guard rf_wait_exited(outcome.status) != 0, rf_wait_status(outcome.status) == 0 else {
            let signal = rf_wait_signal(outcome.status)
            throw CommandFailure.fault(
                "its process ended with " + (signal != 0 ? "signal \(signal)" : "status \(rf_wait_status(outcome.status))"))
        }
        var found: [Measurement] = []
        for name in row.metrics {
            if name == row.wholeProcess {
                found.append(Measurement(name, "s", [outcome.seconds]))
                continue
            }
            guard let json = object[name], var one = Measurement(name: name, json: json) else {
                throw CommandFailure.fault("its process gave no \(name)")
            }
            if let peak = outcome.peaks[name] { one.values = one.values.map { max($0, peak) } }
            found.append(one)
        }
        return found
    }

    private static func run(_ arguments: [String], _ peaks: [String: BenchRow.Memory], _ limit: UInt32) throws -> Outcome {
        var ends: [Int32] = [-1, -1]
        guard rf_pipe_cloexec(&ends) == 0 else { throw CommandFailure.fault("pipe: \(String(cString: strerror(errno)))") }
        defer { close(ends[0]) }
        let start = Sampling.seconds()
        let spawned = Result { try spawn([ThisProgram.path] + arguments, output: ends[1]) }
        close(ends[1])
        let pid = try spawned.get()
        var outcome = Outcome()
        let process = rf_pidfd_open(pid)
        guard process >= 0 else {
            let message = "pidfd: \(String(cString: strerror(errno)))"
            end(pid)
            while waitpid(pid, &outcome.status, 0) < 0, errno == EINTR {}
            throw CommandFailure.fault(message)
        }
        defer { close(process) }
        _ = rf_fcntl_int(ends[0], F_SETFL, O_NONBLOCK)
        let deadline = start + Double(limit)
        var nextLook = peaks.isEmpty ? Double.infinity : start
        var isOpen = true
        while true {
            var files = [pollfd(fd: process, events: Int16(POLLIN), revents: 0), pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)]
            let due = min(nextLook, outcome.isLate ? .infinity : deadline)
            poll(&files, isOpen ? 2 : 1, due == .infinity ? -1 : Int32(max(0, (due - Sampling.seconds()) * 1e3).rounded(.up)))
            let now = Sampling.seconds()
            if files[0].revents != 0 { outcome.seconds = now - start }
            if isOpen { isOpen = read(ends[0], &outcome.text) }
            if files[0].revents != 0 { break }
            if now >= deadline, !outcome.isLate {
                outcome.isLate = true
                end(pid)
            }
            if now >= nextLook {
                look(at: pid, peaks, &outcome.peaks)
                nextLook = now + max(lookMilliseconds / 1e3, (Sampling.seconds() - now) / lookShare)
            }
        }
        while waitpid(pid, &outcome.status, 0) < 0, errno == EINTR {}
        StepBench.removeScratch(of: pid)
        return outcome
    }

    /// With all that it has started.
    private static func end(_ pid: pid_t) {
        for member in ProcessTree(root: pid).members.keys { kill(pid_t(member), SIGKILL) }
    }

    /// All that is there. Returns whether more can come.
    private static func read(_ file: Int32, _ text: inout [UInt8]) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while text.count < outputBytes {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count < 0 && errno == EAGAIN }
            text += buffer[0..<count]
        }
        return false
    }

    private static func look(at pid: pid_t, _ peaks: [String: BenchRow.Memory], _ found: inout [String: Double]) {
        let tree = ProcessTree(root: pid)
        for (name, memory) in peaks {
            let bytes = memory == .resident ? tree.resident : tree.proportional
            found[name] = max(found[name] ?? 0, Double(bytes) / 1e6)
        }
    }

    /// - Parameter output: the descriptor that becomes its standard output; nil: that of this process.
    static func spawn(_ arguments: [String], output: Int32? = nil) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let output { posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO) }
        var argv = arguments.map { strdup($0) } + [nil]
        defer { for pointer in argv { free(pointer) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, arguments[0], &actions, nil, &argv, rf_environ())
        guard code == 0 else { throw CommandFailure.fault("cannot start \(arguments[0]): \(String(cString: strerror(code)))") }
        return pid
    }
}

/// The running executable as a file that can be started again.
enum ThisProgram {
    static var path: String {
        guard let path = realpath("/proc/self/exe", nil) else { return CommandLine.arguments[0] }
        defer { free(path) }
        return String(cString: path)
    }
}
