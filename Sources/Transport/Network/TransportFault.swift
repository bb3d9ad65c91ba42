import Glibc

/// What goes wrong when a socket is made.
package enum TransportFault: Error, Sendable, Hashable, CustomStringConvertible {
    case pathTooLong(String)
    /// The folder of a socket must belong to the user with mode 0700.
    case unsafeFolder(String, why: String)
    case system(call: String, path: String, errno: Int32)

    package var description: String {
        switch self {
        case .pathTooLong(let path):
            return
                "the socket path \(path) has \(path.utf8.count) bytes, at most \(TransportLimits.socketPathBytes) fit: use a shorter folder"
        case .unsafeFolder(let path, let why): return "the folder \(path) cannot hold sockets: \(why)"
        case .system(let call, let path, let code): return "\(call) \(path): \(String(cString: strerror(code)))"
        }
    }
}
