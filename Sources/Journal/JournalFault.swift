import Glibc

/// What went wrong with a journal or a run folder, at which path, and what to do next.
package struct JournalFault: Error, Hashable, Sendable {
    package enum Code: String, Sendable {
        /// A file or folder is not there.
        case missing
        /// A folder is wanted and something else has the name.
        case notAFolder
        /// Permissions or a read-only file system.
        case unwritable
        /// No space, quota or file size left.
        case diskFull
        /// Bytes that no writer left there, with valid ones behind them.
        case corrupt
        /// Written by a later version of this program.
        case newerVersion
        /// A record or name beyond its limit.
        case tooLarge
        /// The journal has segments already, or one of this epoch or a later one.
        case exists
        /// The writer was closed before.
        case closed
        /// No run has that id or prefix.
        case noSuchRun
        /// Several runs have that prefix; ``JournalFault/candidates`` names them.
        case ambiguousRun
        /// Any other refusal of the operating system.
        case system
    }

    package var code: Code
    package var path: String
    /// `errno` of the call that failed; 0 where no call did.
    package var errorNumber: Int32
    /// For ``Code/corrupt``: where in the file.
    package var offset: UInt64?
    /// What happened and what to do next, for a person. Does not repeat the path.
    package var message: String
    /// For ``Code/ambiguousRun``: the ids that match.
    package var candidates: [String]

    package init(
        _ code: Code, path: String, _ message: String, errorNumber: Int32 = 0, offset: UInt64? = nil, candidates: [String] = []
    ) {
        self.code = code
        self.path = path
        self.errorNumber = errorNumber
        self.offset = offset
        self.message = message
        self.candidates = candidates
    }

    /// A failed system call. `action` completes "cannot …".
    package init(errorNumber: Int32, path: String, _ action: String) {
        let reason = String(cString: strerror(errorNumber))
        let (code, advice): (Code, String) =
            switch errorNumber {
            case ENOENT: (.missing, "check the path")
            case ENOTDIR: (.notAFolder, "move the file of that name away or choose another folder with --home or RAYFLOW_HOME")
            case EACCES, EPERM, EROFS: (.unwritable, "make it writable or choose another folder with --home or RAYFLOW_HOME")
            case ENOSPC, EDQUOT, EFBIG: (.diskFull, "free some space, then resume the run")
            default: (.system, "see to the cause, then resume the run")
            }
        self.init(code, path: path, "cannot \(action): \(reason); \(advice)", errorNumber: errorNumber)
    }

    static func corrupt(_ path: String, at offset: UInt64, _ what: String) -> JournalFault {
        JournalFault(
            .corrupt, path: path, "\(what); the file was damaged after it was written: restore it from a copy, or start a new run",
            offset: offset)
    }
}

extension JournalFault: CustomStringConvertible {
    package var description: String {
        if let offset { return "\(path), byte \(offset): \(message)" }
        return "\(path): \(message)"
    }
}
