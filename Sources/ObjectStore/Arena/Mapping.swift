import CLinux
import Glibc

/// A shared mapping of a part of a descriptor, unmapped with the last reference.
final class Mapping: Sendable {
    nonisolated(unsafe) let base: UnsafeMutableRawPointer
    let count: Int

    /// - Parameters:
    ///   - offset: a multiple of the page size.
    ///   - isPrefaulted: sets the page tables up at once; for ranges that are written whole.
    init(of descriptor: Int32, offset: Int, count: Int, isWritable: Bool, isPrefaulted: Bool = false) throws(ArenaError) {
        let protection = isWritable ? PROT_READ | PROT_WRITE : PROT_READ
        let flags = MAP_SHARED | MAP_NORESERVE | (isPrefaulted ? Int32(MAP_POPULATE) : 0)
        guard let base = mmap(nil, count, protection, flags, descriptor, off_t(offset)), base != MAP_FAILED else {
            throw .system(call: "mmap of \(count) bytes", code: errno)
        }
        self.base = base
        self.count = count
    }

    deinit { munmap(base, count) }
}

func errorText(_ code: Int32) -> String {
    guard let text = strerror(code) else { return "error \(code)" }
    return String(cString: text)
}
