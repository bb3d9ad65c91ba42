internal import CLinux
internal import Glibc
internal import RayflowCore

/// What tells one content of a file from another.
enum FileIdentity {
    /// Device, inode, size and time of change: without reading it. Nil when there is nothing.
    static func quick(_ path: String) -> String? {
        var info = stat()
        guard stat(path, &info) == 0 else { return nil }
        return "\(info.st_dev):\(info.st_ino):\(info.st_size):\(info.st_mtim.tv_sec).\(info.st_mtim.tv_nsec)"
    }

    /// Of a file that was just made: by its content, so that making the same again changes nothing; by ``quick(_:)`` when it is large or a
    /// folder.
    static func ofOutput(_ path: String) -> String? {
        var info = stat()
        guard stat(path, &info) == 0 else { return nil }
        guard info.st_mode & S_IFMT == S_IFREG, info.st_size <= RunLimits.digestedFileBytes else { return quick(path) }
        return content(path).map { "\(info.st_size):\($0)" } ?? quick(path)
    }

    /// A digest of the bytes; nil when it cannot be read.
    static func content(_ path: String) -> String? {
        let file = rf_open(path, O_RDONLY, 0)
        guard file >= 0 else { return nil }
        defer { Glibc.close(file) }
        var hasher = Digest128Hasher()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = read(file, buffer.baseAddress, buffer.count)
            if count == 0 { return hasher.digest.description }
            if count > 0 { hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count])) } else if errno != EINTR { return nil }
        }
    }
}
