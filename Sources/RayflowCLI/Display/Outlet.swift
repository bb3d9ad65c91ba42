import Glibc
import Synchronization

/// Where text goes: a standard stream, or a test's buffer.
struct Outlet: Sendable {
    private let send: @Sendable ([UInt8]) -> Void

    init(_ send: @escaping @Sendable ([UInt8]) -> Void) { self.send = send }

    static let output = Outlet { bytes in
        let number = send(bytes, to: STDOUT_FILENO)
        if number != 0 { _ = fault.compareExchange(expected: 0, desired: number, ordering: .relaxed) }
    }
    static let error = Outlet { _ = send($0, to: STDERR_FILENO) }

    private static let fault = Atomic<Int32>(0)

    /// Why standard output could not be written; nil when it could, or when its reader went away.
    static var outputFault: String? {
        let number = fault.load(ordering: .relaxed)
        return number == 0 || number == EPIPE ? nil : String(cString: strerror(number))
    }

    /// Closed standard streams are given to files that nothing can go wrong with: else the next file that is opened would be one of them.
    static func holdStandardStreams() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            // Open for reading alone, so that writing to it fails as before.
            _ = open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    func write(_ bytes: [UInt8]) { send(bytes) }
    func write(_ text: String) { if !text.isEmpty { send(Array(text.utf8)) } }
    func line(_ text: String) { write(text.hasSuffix("\n") ? text : text + "\n") }

    /// A reader that went away, or a full disk behind a redirection, is no reason to stop a run: the `errno` is given, 0 if all was written.
    static func send(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        var bytes = bytes[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                bytes = bytes.dropFirst(count)
            } else if errno == EAGAIN {
                var file = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&file, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }
}
