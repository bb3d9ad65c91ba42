import CLinux
import Glibc
import Testing

/// A named pipe on which a step tells the test that it has come to a point: awaited, never polled for.
final class Signpost: Sendable {
    let path: String
    private let descriptor: Int32

    init(_ folder: TestFolder, _ name: String) throws {
        path = folder.path + "/" + name
        try #require(mkfifo(path, 0o600) == 0)
        // Open for both, so that neither side waits for the other to open it.
        descriptor = rf_open(path, O_RDWR, 0)
        try #require(descriptor >= 0)
    }

    deinit { close(descriptor) }

    /// The next line that a step wrote.
    func line() throws -> String {
        var text: [UInt8] = []
        while true {
            var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            try #require(poll(&ready, 1, 60_000) == 1, "the step never came to \(path)")
            var byte: UInt8 = 0
            try #require(read(descriptor, &byte, 1) == 1)
            if byte == 10 { return String(decoding: text, as: UTF8.self) }
            text.append(byte)
        }
    }

    func pid() throws -> Int32 { try #require(Int32(try line())) }

    /// Lets a step that reads from here go on.
    func post() { _ = write(descriptor, "go\n", 3) }
}

/// Whether a process ends; waits for it.
func ends(_ pid: Int32) -> Bool {
    let pidfd = rf_pidfd_open(pid)
    guard pidfd >= 0 else { return errno == ESRCH }
    defer { close(pidfd) }
    return ends(pidfd: pidfd)
}

func ends(pidfd: Int32) -> Bool {
    var ready = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
    return poll(&ready, 1, 60_000) == 1
}

/// Whether a process lives now; a zombie does not.
func lives(_ pid: Int32) -> Bool {
    let pidfd = rf_pidfd_open(pid)
    guard pidfd >= 0 else { return false }
    defer { close(pidfd) }
    var ready = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
    return poll(&ready, 1, 0) == 0
}
