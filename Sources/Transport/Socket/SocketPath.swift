import CLinux
import Glibc

/// A listening socket in a folder that only its owner can enter.
enum SocketPath {
    /// Makes the folder when it is missing (mode 0700) and refuses one that others could enter.
    static func prepareFolder(of path: String) throws(TransportFault) {
        guard path.utf8.count <= TransportLimits.socketPathBytes else { throw .pathTooLong(path) }
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        if mkdir(folder, 0o700) != 0, errno != EEXIST { throw .system(call: "mkdir", path: folder, errno: errno) }
        var status = stat()
        guard lstat(folder, &status) == 0 else { throw .system(call: "lstat", path: folder, errno: errno) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .unsafeFolder(folder, why: "it is no folder") }
        guard status.st_uid == geteuid() else { throw .unsafeFolder(folder, why: "it belongs to another user") }
        let mode = status.st_mode & 0o777
        guard mode == 0o700 else { throw .unsafeFolder(folder, why: "its mode is 0\(String(mode, radix: 8)), not 0700") }
    }

    /// A listening descriptor at `path`. A socket left there by a dead process is replaced.
    static func listen(at path: String) throws(TransportFault) -> CInt {
        try prepareFolder(of: path)
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .system(call: "socket", path: path, errno: errno) }
        do throws(TransportFault) {
            if unlink(path) != 0, errno != ENOENT { throw .system(call: "unlink", path: path, errno: errno) }
            try bind(descriptor, to: path)
            guard Glibc.listen(descriptor, CInt(TransportLimits.listenBacklog)) == 0 else {
                throw .system(call: "listen", path: path, errno: errno)
            }
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func bind(_ descriptor: CInt, to path: String) throws(TransportFault) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw .system(call: "bind", path: path, errno: errno) }
    }
}
