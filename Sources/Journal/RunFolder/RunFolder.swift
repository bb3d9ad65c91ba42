import Glibc

/// The places in a run's folder, `<home>/runs/<run-id>/`.
package struct RunFolder: Hashable, Sendable {
    /// Absolute.
    package let path: String
    package let id: String

    package init(path: String, id: String) {
        self.path = path
        self.id = id
    }

    /// The folder of the journal's segments, and nothing else.
    package var journal: String { path + "/journal" }
    package var logs: String { path + "/logs" }
    /// Exit reports of side-effecting attempts.
    package var attempts: String { path + "/attempts" }
    /// Persisted outputs.
    package var outputs: String { path + "/outputs" }
    /// Held by the engine that runs the run; see ``RunLock``.
    package var lock: String { path + "/lock" }
    /// Held by step runners whose children live; see ``Fence``.
    package var fence: String { path + "/fence" }
    package var plan: String { path + "/plan.json" }

    /// Makes the folders inside. The names survive power loss when this returns.
    func makeFolders() throws(JournalFault) {
        for folder in [journal, logs, attempts, outputs] { try Files.makeFolder(folder) }
        try Files.syncFolder(path)
    }

    /// Removes the folders of a run that has not begun; one that has is not empty, and stays.
    func remove() {
        for folder in [journal, logs, attempts, outputs, path] { rmdir(folder) }
    }

    /// Removes a run whose start has failed before anything ran, with its journal. What else is there stays, and the folder with it.
    package func discard() {
        for name in (try? Files.names(in: journal)) ?? [] { unlink("\(journal)/\(name)") }
        for file in [lock, fence, plan] { unlink(file) }
        remove()
    }
}
