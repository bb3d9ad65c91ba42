internal import CLinux
internal import Glibc

/// Ties a role process to the process that spawned it.
///
/// `posix_spawn` cannot set the parent-death signal, so the child asks for it itself. The kernel sends it when the spawning *thread* ends,
/// which is why processes are spawned only by threads that live as long as their process.
package enum ParentGuard {
    /// From here on the kernel kills this process when its parent dies.
    ///
    /// - Parameter expectedParent: the pid that this process was told when it was started.
    /// - Returns: false when the parent was gone already, before the signal was armed: the caller ends at once.
    package static func arm(expectedParent: Int32, signal: Int32 = SIGKILL) -> Bool {
        guard rf_set_parent_death_signal(signal) == 0 else { return false }
        return getppid() == expectedParent
    }
}
