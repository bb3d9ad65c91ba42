internal import CLinux
internal import Glibc

/// `<attempt folder>/exit`: the status of an attempt, there before the engine hears of it and whole or not at all.
///
/// It survives the death of engine and runner, and decides at resume whether a step without a finished record has run to its end. It is not
/// synced: after a power failure its absence means *in doubt*, which is the truth then.
package enum ExitFile {
    package static let name = "exit"
    private static let longest = 64 << 10

    /// Writes aside and renames. The folder must be there.
    ///
    /// - Returns: 0 or the error number; on failure no file of that name has appeared or changed.
    package static func write(_ record: ExitRecord, in folder: String) -> Int32 {
        let path = folder + "/" + name
        let aside = path + ".new"
        let descriptor = rf_open(aside, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        guard descriptor >= 0 else { return errno }
        var failure = FileBytes.writeAll(record.encoded(), to: descriptor)
        if close(descriptor) != 0, failure == 0 { failure = errno }
        if failure == 0, rename(aside, path) != 0 { failure = errno }
        if failure != 0 { unlink(aside) }
        return failure
    }

    /// The record, or nil when there is none: absent, torn, corrupt or unreadable are the same to a caller.
    package static func read(in folder: String) -> ExitRecord? {
        guard let bytes = FileBytes.read(folder + "/" + name, limit: longest) else { return nil }
        return try? ExitRecord(bytes)
    }
}
