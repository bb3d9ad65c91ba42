import Glibc

/// A file descriptor that is closed when it goes out of scope.
struct Descriptor: ~Copyable, Sendable {
    let raw: Int32

    init(_ raw: Int32) { self.raw = raw }

    /// From now on the caller's to close.
    consuming func release() -> Int32 {
        let raw = raw
        discard self
        return raw
    }

    deinit { close(raw) }
}
