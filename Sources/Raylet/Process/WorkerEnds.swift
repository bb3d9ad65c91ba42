/// When the ends of worker processes count: a process is over when it has exited and what it had sent is read to the end.
///
/// The exit is seen at once, by a pidfd; the last frames may still stand in a socket then. If the exit came first, the room of an object would
/// be taken back whose seal and whose owner's news of it are about to be read.
package struct WorkerEnds: Sendable {
    /// Processes that were heard of, and whose connection has not ended.
    private var connected: Set<UInt64> = []
    /// How those ended that have exited and may still be heard of.
    private var exited: [UInt64: WorkerExit] = [:]

    package init() {}

    package mutating func heard(of process: UInt64) { connected.insert(process) }

    /// - Returns: true when it is over now; else ``disconnected(_:)`` or ``expired(_:)`` will say so.
    package mutating func exited(_ process: UInt64, _ exit: WorkerExit) -> Bool {
        guard connected.contains(process) else { return true }
        exited[process] = exit
        return false
    }

    /// - Returns: how it ended, when it is over now.
    package mutating func disconnected(_ process: UInt64) -> WorkerExit? {
        connected.remove(process)
        return exited.removeValue(forKey: process)
    }

    /// Its socket outlives it, in the hands of a child of its own: it is not waited for any longer.
    package mutating func expired(_ process: UInt64) -> WorkerExit? { disconnected(process) }
}
