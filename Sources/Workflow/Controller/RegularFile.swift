internal import CLinux
internal import Glibc

/// Reading of files that are sure to end: a pipe may never be written, and a device never ends.
enum RegularFile {
    enum Fault: Error, Hashable {
        case missing
        /// Completes a sentence about the file.
        case refused(String)
    }

    /// - Throws: ``Fault`` for what is not there and for all that is no regular file.
    static func check(_ path: String) throws(Fault) {
        var info = stat()
        guard stat(path, &info) == 0 else { throw fault(errno) }
        try check(info)
    }

    /// Gives all bytes to `body` in pieces.
    ///
    /// - Throws: ``Fault``; also beyond `limit` bytes, so that a file which grows faster than it is read has an end.
    static func read(_ path: String, atMost limit: Int, _ body: (UnsafeRawBufferPointer) -> Void) throws(Fault) {
        // Before it is opened, because opening alone makes some devices act.
        try check(path)
        let file = rf_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0)
        guard file >= 0 else { throw fault(errno) }
        defer { Glibc.close(file) }
        var info = stat()
        guard fstat(file, &info) == 0 else { throw fault(errno) }
        try check(info)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        var total = 0
        while true {
            let count = Glibc.read(file, buffer.baseAddress, buffer.count)
            if count == 0 { return }
            if count < 0 {
                if errno == EINTR { continue }
                throw fault(errno)
            }
            total += count
            guard total <= limit else { throw .refused("has more than \(limit) bytes") }
            body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    static func bytes(_ path: String, atMost limit: Int) throws(Fault) -> [UInt8] {
        var bytes: [UInt8] = []
        try read(path, atMost: limit) { bytes.append(contentsOf: $0) }
        return bytes
    }

    private static func check(_ info: stat) throws(Fault) {
        let kind =
            switch info.st_mode & S_IFMT {
            case S_IFREG: ""
            case S_IFDIR: "a folder"
            case S_IFIFO: "a FIFO"
            case S_IFSOCK: "a socket"
            case S_IFCHR, S_IFBLK: "a device"
            default: "something else"
            }
        guard kind.isEmpty else { throw .refused("is \(kind), not a regular file") }
    }

    private static func fault(_ number: Int32) -> Fault {
        number == ENOENT || number == ENOTDIR ? .missing : .refused("cannot be read: \(String(cString: strerror(number)))")
    }
}

extension RegularFile.Fault {
    /// Completes a sentence about the file.
    var text: String {
        switch self {
        case .missing: "is not there"
        case .refused(let text): text
        }
    }
}
