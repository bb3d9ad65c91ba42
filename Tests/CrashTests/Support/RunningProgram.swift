import CLinux
import Glibc

/// A program that a test has started: its output goes to files, its end is taken from its pidfd, so that none is missed.
final class RunningProgram {
    let pid: pid_t
    let outputPath: String
    let errorPath: String
    private let pidfd: Int32
    private var ending: Ending?

    /// - Parameter identity: user and group to run as.
    init(
        _ path: String, _ arguments: [String], environment: [String: String], folder: String, outputs: String, asUser user: uid_t? = nil
    ) throws {
        outputPath = outputs + ".out"
        errorPath = outputs + ".err"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        posix_spawn_file_actions_addopen(&actions, 2, errorPath, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        rf_spawn_chdir(&actions, folder)
        rf_spawn_closefrom(&actions, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A group of its own: what a test sends to it reaches nobody else.
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        let command = user.map { ["/usr/bin/setpriv", "--reuid=\($0)", "--regid=\($0)", "--clear-groups", path] } ?? [path]
        var words: [UnsafeMutablePointer<CChar>?] = (command + arguments).map { strdup($0) }
        words.append(nil)
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") }
        variables.append(nil)
        defer { for word in words + variables { free(word) } }
        var child: pid_t = 0
        let problem = posix_spawn(&child, command[0], &actions, &attributes, words, variables)
        guard problem == 0 else { throw TestFault("\(command[0]) cannot be started: \(String(cString: strerror(problem)))") }
        pid = child
        pidfd = rf_pidfd_open(child)
        guard pidfd >= 0 else { throw TestFault("no pidfd of \(child): \(String(cString: strerror(errno)))") }
    }

    deinit {
        if ending == nil {
            kill(SIGKILL)
            _ = try? wait(seconds: 10)
        }
        close(pidfd)
    }

    /// Does nothing to one that has ended.
    func kill(_ number: Int32) { _ = rf_pidfd_send_signal(pidfd, number) }

    var hasEnded: Bool { ending != nil || isReadable(milliseconds: 0) }

    /// Whether the condition came true before the program ended.
    ///
    /// - Throws: when neither happens in time; the program is killed then.
    @discardableResult func wait(seconds: UInt64 = 90, until condition: () -> Bool) throws -> Bool {
        let deadline = rf_monotonic_ns() + seconds * 1_000_000_000
        while !condition() {
            if hasEnded { return false }
            guard rf_monotonic_ns() < deadline else {
                kill(SIGKILL)
                throw TestFault("process \(pid) did not get there within \(seconds) s; it said: \(errors)\(output)")
            }
            usleep(200)
        }
        return true
    }

    /// - Throws: when it does not end in time; it is killed then.
    @discardableResult func wait(seconds: Int32 = 90) throws -> Ending {
        if let ending { return ending }
        let isInTime = isReadable(milliseconds: seconds * 1000)
        if !isInTime { kill(SIGKILL) }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { throw TestFault("waitpid: \(String(cString: strerror(errno)))") }
        }
        let ending = Ending(waitStatus: status)
        self.ending = ending
        guard isInTime else { throw TestFault("process \(pid) did not end within \(seconds) s; it said: \(errors)") }
        return ending
    }

    private func isReadable(milliseconds: Int32) -> Bool {
        let deadline = rf_monotonic_ns() + UInt64(milliseconds) * 1_000_000
        while true {
            var wanted = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
            let now = rf_monotonic_ns()
            let left = deadline > now ? Int32((deadline - now + 999_999) / 1_000_000) : 0
            if poll(&wanted, 1, left) >= 0 { return wanted.revents != 0 }
            if errno != EINTR { return false }
        }
    }

    var output: String { TextFile.read(outputPath) ?? "" }
    var errors: String { TextFile.read(errorPath) ?? "" }
}
