import Glibc

/// The two calls whose failure the journal must survive, so that tests can make them fail.
struct FileCalls: Sendable {
    var write: @Sendable (Int32, UnsafeRawBufferPointer) -> Int = { Glibc.write($0, $1.baseAddress, $1.count) }
    /// Returns 0, or -1 with `errno` set.
    var sync: @Sendable (Int32) -> Int32 = { fdatasync($0) }

    static let system = FileCalls()

    /// Writes all bytes, however many calls that takes. Returns 0 or the `errno`.
    func writeAll(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int32 {
        var rest = bytes
        while !rest.isEmpty {
            let count = write(file, rest)
            if count > 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[min(count, rest.count)...])
            } else if count == 0 {
                return EIO
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }
}
