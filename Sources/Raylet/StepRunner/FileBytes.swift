internal import CLinux
internal import Glibc

/// Small files, whole.
enum FileBytes {
    /// 0 or the error number. Short writes are continued.
    static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + done, $0.count - done) }
            if count > 0 {
                done += count
            } else if count == 0 || errno != EINTR {
                return count == 0 ? EIO : errno
            }
        }
        return 0
    }

    /// All bytes, or the first `limit` of them; nil when it cannot be opened or read.
    static func read(_ path: String, limit: Int) -> [UInt8]? {
        let descriptor = rf_open(path, O_RDONLY, 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return read(descriptor, limit: limit)
    }

    /// From where the descriptor stands to the end.
    static func read(_ descriptor: Int32, limit: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        var failed = false
        while bytes.count < limit {
            let room = min(max(bytes.count, 4096), limit - bytes.count)
            let before = bytes.count
            bytes.append(
                contentsOf: [UInt8](unsafeUninitializedCapacity: room) { buffer, used in
                    var count: Int
                    repeat { count = Glibc.read(descriptor, buffer.baseAddress, room) } while count < 0 && errno == EINTR
                    failed = count < 0
                    used = max(count, 0)
                })
            if failed { return nil }
            if bytes.count == before { break }
        }
        return bytes
    }

    /// Makes a folder and those above it. 0 or the error number.
    static func makeFolder(_ path: String) -> Int32 {
        if mkdir(path, 0o755) == 0 || errno == EEXIST { return 0 }
        let failure = errno
        guard failure == ENOENT, let parent = parent(of: path) else { return failure }
        let above = makeFolder(parent)
        if above != 0 { return above }
        return mkdir(path, 0o755) == 0 || errno == EEXIST ? 0 : errno
    }

    static func parent(of path: String) -> String? {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash > path.startIndex else { return nil }
        return String(path[..<slash])
    }
}
