internal import CLinux
internal import Glibc

/// The fences that this runner holds: shared locks on open file descriptions, which the kernel drops when the runner dies.
struct FenceTable {
    private var held: [String: Int32] = [:]
    private var failures: [String: SpawnFailure] = [:]

    /// Never waits: whoever holds the fence exclusively is about to decide that nobody lives here.
    mutating func hold(_ path: String) {
        let descriptor = Self.open(path)
        guard descriptor >= 0 else {
            failures[path] = SpawnFailure(.fenced, errno: errno, "cannot open the fence \(path): \(errnoText(errno))")
            return
        }
        guard rf_ofd_lock(descriptor, 0, 0) == 0 else {
            let number = errno
            close(descriptor)
            failures[path] = SpawnFailure(.fenced, errno: number, "the fence \(path) is held by another process: \(errnoText(number))")
            return
        }
        held[path] = descriptor
    }

    mutating func release(_ path: String) {
        failures[path] = nil
        // Nobody else has this description, so closing it unlocks: this process has one thread, hence no child between fork and exec.
        if let descriptor = held.removeValue(forKey: path) { close(descriptor) }
    }

    /// Why the fence is not held, or nil.
    func failure(of path: String) -> SpawnFailure? { held[path] == nil ? failures[path] : nil }

    private static func open(_ path: String) -> Int32 {
        let descriptor = rf_open(path, O_RDWR | O_CREAT, 0o644)
        guard descriptor < 0, errno == ENOENT, let folder = FileBytes.parent(of: path), FileBytes.makeFolder(folder) == 0 else {
            return descriptor
        }
        return rf_open(path, O_RDWR | O_CREAT, 0o644)
    }
}
