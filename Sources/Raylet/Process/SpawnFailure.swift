/// Why a process could not be started: a reason to act on, the kernel's number when there is one, and a sentence for the person.
package struct SpawnFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// On the wire a reason is its raw value: append only.
    package enum Reason: UInt8, Sendable, Hashable, CaseIterable {
        /// No file of that name, or none on the child's `PATH`.
        case commandNotFound
        /// The file is there but cannot be executed: no permission, a directory, an unknown format, a missing interpreter.
        case notExecutable
        case badWorkdir
        case argumentsTooLong
        /// No process, memory or descriptor left; trying again later may work.
        case outOfResources
        /// The request itself is malformed: no command, or a NUL byte in an argument.
        case invalidRequest
        /// Standard input or a log file could not be opened.
        case files
        /// The run's fence is held by somebody else.
        case fenced
        /// Not now: shutting down, too many processes, or a key or token that is in use.
        case refused
        case other
    }

    package var reason: Reason
    /// The kernel's error number, or 0.
    package var errno: Int32
    package var message: String

    package init(_ reason: Reason, errno: Int32 = 0, _ message: String) {
        self.reason = reason
        self.errno = errno
        self.message = message
    }

    package var description: String { message }
}
