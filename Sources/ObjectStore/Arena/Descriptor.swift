import CLinux
import Glibc

/// A file descriptor that is closed with its last reference.
final class Descriptor: Sendable {
    let raw: Int32

    init(owning raw: Int32) { self.raw = raw }

    /// Of a memfd whose size can never change again. It has address space, but no page yet.
    static func memory(name: String, size: Int) throws(ArenaError) -> Descriptor {
        let raw = rf_memfd_create(name)
        guard raw >= 0 else { throw .system(call: "memfd_create", code: errno) }
        let descriptor = Descriptor(owning: raw)
        guard ftruncate(raw, off_t(size)) == 0 else { throw .system(call: "ftruncate", code: errno) }
        guard rf_seal_size(raw) == 0 else { throw .system(call: "fcntl(F_ADD_SEALS)", code: errno) }
        return descriptor
    }

    /// A copy that children do not inherit.
    static func copy(of raw: Int32) throws(ArenaError) -> Descriptor {
        let copy = rf_fcntl_int(raw, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw .system(call: "fcntl(F_DUPFD_CLOEXEC)", code: errno) }
        return Descriptor(owning: copy)
    }

    func size() throws(ArenaError) -> Int {
        var status = stat()
        guard fstat(raw, &status) == 0 else { throw .system(call: "fstat", code: errno) }
        return Int(status.st_size)
    }

    /// Puts pages behind a range, or fails; never a SIGBUS at the first touch.
    func populate(_ range: Range<Int>) throws(ArenaError) {
        while rf_fallocate(raw, off_t(range.lowerBound), off_t(range.count)) != 0 {
            guard errno == EINTR else { throw .system(call: "fallocate of \(range.count) bytes", code: errno) }
        }
    }

    func punch(_ range: Range<Int>) throws(ArenaError) {
        while rf_punch_hole(raw, off_t(range.lowerBound), off_t(range.count)) != 0 {
            guard errno == EINTR else { throw .system(call: "punching a hole of \(range.count) bytes", code: errno) }
        }
    }

    deinit { close(raw) }
}
