import CLinux
import Glibc

/// A window that moves over one segment file. The file may grow meanwhile: what lies beyond its size at open is not read.
struct SegmentCursor: ~Copyable {
    let path: String
    /// The offset of the next byte.
    private(set) var position: UInt64 = 0
    /// Where to stop: the size at open, or the link of the next segment.
    private(set) var limit: UInt64
    private let file: Descriptor
    private var window: [UInt8] = []
    /// Bytes of the window that lie behind the position.
    private var consumed = 0

    init(path: String) throws(JournalFault) {
        let file = try Files.open(path, O_RDONLY, "open the segment")
        var status = stat()
        guard fstat(file.raw, &status) == 0 else { throw JournalFault(errorNumber: errno, path: path, "read the size") }
        self.path = path
        self.file = file
        limit = UInt64(max(status.st_size, 0))
    }

    var remaining: UInt64 { limit - position }

    /// Ends the segment at that offset, as its successor's link says.
    mutating func end(at offset: UInt64) { limit = min(limit, max(offset, position)) }

    /// Brings that many bytes into the window. False when the segment ends before.
    mutating func load(_ count: Int) throws(JournalFault) -> Bool {
        while window.count - consumed < count {
            guard UInt64(count) <= remaining else { return false }
            if consumed > 0 {
                window.removeFirst(consumed)
                consumed = 0
            }
            let ahead = Int(min(remaining - UInt64(window.count), UInt64(max(count, JournalLimits.readBytes) - window.count)))
            if try Files.append(file.raw, atMost: ahead, to: &window, path) == 0 { limit = position + UInt64(window.count) }
        }
        return true
    }

    /// The next loaded bytes.
    func peek<T>(_ count: Int, _ body: (UnsafeRawBufferPointer) -> T) -> T {
        window.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[consumed..<consumed + count])) }
    }

    mutating func take(_ count: Int) -> ArraySlice<UInt8> {
        defer { skip(count) }
        return window[consumed..<consumed + count]
    }

    /// Moves over bytes that were loaded.
    mutating func skip(_ count: Int) {
        precondition(count <= window.count - consumed, "skipping \(count) bytes of \(window.count - consumed) at \(position) of \(path)")
        consumed += count
        position += UInt64(count)
    }
}
