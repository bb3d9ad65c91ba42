internal import CLinux
internal import Glibc
import Journal
package import RayflowCore

/// The private folder of one cluster's processes on this machine: sockets, and a lock that the kernel frees with its last process.
package final class Session: Sendable {
    package let path: String
    private let lock: Int32

    private init(path: String, lock: Int32) {
        self.path = path
        self.lock = lock
    }

    package var controlSocket: String { path + "/control.sock" }
    package func socket(of process: UInt64) -> String { path + "/" + hex(process) + ".sock" }

    /// `$XDG_RUNTIME_DIR/rayflow`, or a folder of the user's in the temporary directory.
    package static var base: String {
        if let runtime = getenv("XDG_RUNTIME_DIR"), runtime[0] != 0 { return String(cString: runtime) + "/rayflow" }
        let temporary = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        return "\(temporary.isEmpty ? "/tmp" : temporary)/rayflow-\(geteuid())"
    }

    /// Makes a session and sweeps those whose processes are all gone.
    package static func make() throws(RayflowError) -> Session {
        let base = Self.base
        try makePrivate(base)
        // One start at a time: while this is held, a folder without a lock is half made by somebody who has died.
        let turn = rf_open(base, O_RDONLY | O_DIRECTORY, 0)
        if turn >= 0 { while flock(turn, LOCK_EX) != 0, errno == EINTR {} }
        defer {
            if turn >= 0 {
                flock(turn, LOCK_UN)
                close(turn)
            }
        }
        sweep()
        for _ in 0..<16 {
            let path = "\(base)/\(hex(UInt64.random(in: 0 ... .max), digits: 16))"
            if mkdir(path, 0o700) != 0 {
                if errno == EEXIST { continue }
                throw RayflowError(.system, "cannot make the session folder \(path): \(String(cString: strerror(errno)))")
            }
            let lock = rf_open(path + "/lock", O_RDWR | O_CREAT, 0o600)
            guard lock >= 0 else {
                throw RayflowError(.system, "cannot make the session folder \(path): \(String(cString: strerror(errno)))")
            }
            guard rf_ofd_lock(lock, 1, 0) == 0 else {
                throw RayflowError(.system, "cannot lock the session folder \(path): \(String(cString: strerror(errno)))")
            }
            return Session(path: path, lock: lock)
        }
        throw RayflowError(.system, "no free name for a session folder in \(base)")
    }

    private static func makePrivate(_ folder: String) throws(RayflowError) {
        if mkdir(folder, 0o700) != 0, errno != EEXIST {
            throw RayflowError(
                .system, "cannot make \(folder): \(String(cString: strerror(errno))); set XDG_RUNTIME_DIR or TMPDIR to a folder of yours")
        }
        var status = stat()
        guard lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(), status.st_mode & 0o077 == 0
        else {
            throw RayflowError(.system, "\(folder) is not a folder of this user with mode 0700; remove it or set XDG_RUNTIME_DIR")
        }
    }

    /// Removes the folders of sessions whose lock is free or missing. Only by whose turn it is to start.
    private static func sweep() {
        for name in (try? Files.names(in: base)) ?? [] {
            let path = "\(base)/\(name)"
            let lock = rf_open(path + "/lock", O_RDWR, 0)
            guard lock >= 0 else {
                if errno == ENOENT { remove(path) }
                continue
            }
            if rf_ofd_lock(lock, 1, 0) == 0 { remove(path) }
            close(lock)
        }
    }

    private static func remove(_ path: String) {
        // A process on its way out may still make a socket in it.
        for _ in 0..<8 {
            for name in (try? Files.names(in: path)) ?? [] { unlink("\(path)/\(name)") }
            if rmdir(path) == 0 || errno != ENOTEMPTY { return }
        }
    }

    package func end() {
        Self.remove(path)
        close(lock)
    }
}
