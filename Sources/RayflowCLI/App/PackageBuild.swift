import CLinux
import Glibc

/// A product of a Swift package, built when its sources have changed.
struct PackageBuild {
    var folder: String
    var product: String

    private var binary: String { "\(folder)/.build/release/\(product)" }
    /// As old as the beginning of the last build that succeeded.
    private var stamp: String { "\(folder)/.build/\(product).rayflow-built" }

    /// Whether this process is that product, in whatever way it was built.
    var isRunning: Bool {
        guard let own = Paths.real("/proc/self/exe"), let real = Paths.real(folder) else { return false }
        return own.hasPrefix(real + "/.build/") && own.hasSuffix("/" + product)
    }

    /// - Returns: the executable.
    /// - Throws: ``CommandFailure`` when it cannot be built.
    func ensure() throws -> String {
        guard Paths.exists(folder + "/Package.swift") else {
            throw CommandFailure.usage("there is no Swift package in \(folder), which 'app:' names")
        }
        if isCurrent { return binary }
        Outlet.error.line("building \(product) of \(folder): a first build takes minutes")
        let start = rf_wall_ns()
        try build()
        guard access(binary, X_OK) == 0 else {
            throw CommandFailure.usage("the package \(folder) has no executable product \(product)")
        }
        mark(start)
        return binary
    }

    private var isCurrent: Bool {
        // SwiftPM leaves the time of a binary that did not have to change; a binary that is newer than its sources needs no mark.
        guard access(binary, X_OK) == 0, let built = [Paths.changed(stamp), Paths.changed(binary)].compactMap({ $0 }).max() else {
            return false
        }
        return !SourceSearch(since: built).finds(in: folder)
    }

    private func build() throws {
        // The same as Scripts/rayflow gives, so that one build serves both.
        let arguments = ["swift", "build", "-c", "release", "--static-swift-stdlib", "--product", product, "--package-path", folder]
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // Standard output belongs to the workflow's outputs.
        posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO)
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var child: pid_t = 0
        let problem = posix_spawnp(&child, "swift", &actions, nil, words, rf_environ())
        guard problem == 0 else {
            throw CommandFailure.usage(
                "cannot build \(product): swift is not to be started (\(String(cString: strerror(problem)))); install Swift or build it elsewhere"
            )
        }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 {
            guard errno == EINTR else { throw CommandFailure.fault("cannot wait for swift build: \(String(cString: strerror(errno)))") }
        }
        guard rf_wait_exited(status) != 0, rf_wait_status(status) == 0 else {
            throw CommandFailure.usage("building \(product) of \(folder) failed; what stands above says why")
        }
    }

    private func mark(_ time: UInt64) {
        let file = rf_open(stamp, O_WRONLY | O_CREAT, 0o644)
        guard file >= 0 else { return }
        defer { close(file) }
        let moment = timespec(tv_sec: Int(time / 1_000_000_000), tv_nsec: Int(time % 1_000_000_000))
        let times = [moment, moment]
        futimens(file, times)
    }
}
