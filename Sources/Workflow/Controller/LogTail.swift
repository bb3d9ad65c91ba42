internal import CLinux
internal import Glibc

/// The last lines of a log.
enum LogTail {
    /// Of standard error, or of standard output where that says nothing.
    static func lines(ofAttempt folder: String) -> [String] {
        let errors = lines(of: folder + "/stderr.log")
        return errors.isEmpty ? lines(of: folder + "/stdout.log") : errors
    }

    /// At most ``RunLimits/tailLines``, oldest first, within the last ``RunLimits/tailBytes``. None when the file cannot be read.
    static func lines(of path: String) -> [String] {
        let file = rf_open(path, O_RDONLY | O_NONBLOCK, 0)
        guard file >= 0 else { return [] }
        defer { Glibc.close(file) }
        var info = stat()
        guard fstat(file, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { return [] }
        let start = max(0, Int(info.st_size) - RunLimits.tailBytes)
        let room = Int(info.st_size) - start
        let bytes = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            while count < room {
                let got = pread(file, buffer.baseAddress.map { $0 + count }, room - count, off_t(start + count))
                if got > 0 { count += got } else if got == 0 || errno != EINTR { break }
            }
        }
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        if start > 0, lines.count > 1 { lines.removeFirst() }
        return lines.suffix(RunLimits.tailLines).map { String(decoding: $0, as: UTF8.self) }
    }
}
