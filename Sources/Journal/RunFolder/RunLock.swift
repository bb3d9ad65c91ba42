import CLinux
import Glibc
import Synchronization

/// The right to run a run: an OFD write lock on its `lock` file, released by the kernel when its holder dies, and by nothing else.
///
/// The file's content tells people who holds it and never decides.
package final class RunLock: Sendable {
    package enum Acquired: Sendable {
        case acquired(RunLock)
        case held(by: Info)
    }

    package let path: String
    private let state: Mutex<(file: Int32, info: Info)>

    private init(path: String, file: Int32, info: Info) {
        self.path = path
        state = Mutex((file, info))
    }

    deinit { release() }

    /// Takes the lock if nobody holds it. Never waits.
    package static func acquire(_ run: RunFolder, info: Info) throws(JournalFault) -> Acquired {
        let path = run.lock
        let file = try Files.open(path, O_RDWR | O_CREAT, "open the lock").release()
        guard rf_ofd_lock(file, 1, 0) == 0 else {
            let error = errno
            defer { close(file) }
            guard error == EAGAIN || error == EACCES else { throw JournalFault(errorNumber: error, path: path, "lock the run") }
            return .held(by: Info.read(file))
        }
        let lock = RunLock(path: path, file: file, info: info)
        try lock.update { _ in }
        return .acquired(lock)
    }

    /// Who holds the lock now; nil when nobody does. Takes nothing.
    package static func peek(_ run: RunFolder) throws(JournalFault) -> Info? {
        guard Files.exists(run.lock) else { return nil }
        let file = try Files.open(run.lock, O_RDONLY, "open the lock")
        switch rf_ofd_is_locked(file.raw, 0) {
        case 0: return nil
        case 1: return Info.read(file.raw)
        default: throw JournalFault(errorNumber: errno, path: run.lock, "ask for the lock")
        }
    }

    package var info: Info { state.withLock { $0.info } }

    /// Changes what the file tells: the epoch, once the journal was read, and the session, once it exists.
    package func update(_ change: (inout Info) -> Void) throws(JournalFault) {
        let error = state.withLock { state in
            change(&state.info)
            return state.file < 0 ? EBADF : state.info.write(state.file)
        }
        guard error == 0 else { throw JournalFault(errorNumber: error, path: path, "write the lock") }
    }

    /// Gives the lock back. Later calls do nothing.
    package func release() {
        state.withLock { state in
            guard state.file >= 0 else { return }
            // Closing is not enough while another thread spawns: until its exec the child has a copy of the descriptor.
            _ = rf_ofd_unlock(state.file)
            close(state.file)
            state.file = -1
        }
    }
}
