import CLinux
import Glibc

/// What a growing file has got since the last look.
struct FileTail: Sendable {
    let path: String
    private(set) var offset = 0

    init(_ path: String) { self.path = path }

    /// The next bytes, at most ``CommandLimits/readBytes``; none when there are none, or no file yet.
    mutating func read() -> [UInt8] {
        let file = rf_open(path, O_RDONLY, 0)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: CommandLimits.readBytes)
        var count: Int
        repeat { count = pread(file, &bytes, bytes.count, off_t(offset)) } while count < 0 && errno == EINTR
        guard count > 0 else { return [] }
        bytes.removeLast(bytes.count - count)
        offset += count
        return bytes
    }
}
