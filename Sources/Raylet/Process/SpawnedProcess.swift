internal import CLinux
internal import Glibc

/// A child and the descriptor that becomes readable when it has ended. Whoever holds it waits for the child once.
package struct SpawnedProcess: Sendable, Hashable {
    package var pid: Int32
    /// Closed by the holder. The kernel keeps it about this child even when the pid is used again.
    package var pidfd: Int32

    /// How the child ended, or nil while it runs. Reaps it: asked again afterwards the answer is nil.
    package func reap() -> ProcessOutcome? {
        var info = siginfo_t()
        var result: Int32
        repeat { result = waitid(P_PIDFD, UInt32(bitPattern: pidfd), &info, WEXITED | WNOHANG) } while result != 0 && errno == EINTR
        guard result == 0, info.si_signo == SIGCHLD else { return nil }
        let status = rf_siginfo_status(&info)
        return info.si_code == Int32(CLD_EXITED) ? .exited(status) : .signalled(status)
    }

    /// Never hits another process, unlike `kill`. False when the child is gone.
    @discardableResult
    package func signal(_ number: Int32) -> Bool { rf_pidfd_send_signal(pidfd, number) == 0 }
}
