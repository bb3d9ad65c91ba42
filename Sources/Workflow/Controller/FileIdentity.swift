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
        guard let digest = try? content(path) else { return quick(path) }
        return "\(info.st_size):\(digest)"
    }

    /// A digest of the bytes of a regular file.
    static func content(_ path: String) throws(RegularFile.Fault) -> String {
        var info = stat()
        let size = stat(path, &info) == 0 ? Int(info.st_size) : 0
        var hasher = Digest128Hasher()
        try RegularFile.read(path, atMost: size + ControllerLimits.growthBytes) { hasher.update($0) }
        return hasher.digest.description
    }
}
