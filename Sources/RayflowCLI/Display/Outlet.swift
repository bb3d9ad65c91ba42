import Glibc

/// Where text goes: a standard stream, or a test's buffer.
struct Outlet: Sendable {
    private let send: @Sendable ([UInt8]) -> Void

    init(_ send: @escaping @Sendable ([UInt8]) -> Void) { self.send = send }

    static let output = Outlet { send($0, to: STDOUT_FILENO) }
    static let error = Outlet { send($0, to: STDERR_FILENO) }

    func write(_ bytes: [UInt8]) { send(bytes) }
    func write(_ text: String) { if !text.isEmpty { send(Array(text.utf8)) } }
    func line(_ text: String) { write(text.hasSuffix("\n") ? text : text + "\n") }

    /// A reader that went away, or a full disk behind a redirection, is no reason to stop a run.
    private static func send(_ bytes: [UInt8], to descriptor: Int32) {
        var bytes = bytes[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                bytes = bytes.dropFirst(count)
            } else if errno == EAGAIN {
                var file = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&file, 1, -1)
            } else if errno != EINTR {
                return
            }
        }
    }
}
