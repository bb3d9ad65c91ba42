import Glibc

/// A file descriptor that is closed when it goes out of scope.
struct Descriptor: ~Copyable, Sendable {
    let raw: Int32

    init(_ raw: Int32) { self.raw = raw }

    deinit { close(raw) }
}
