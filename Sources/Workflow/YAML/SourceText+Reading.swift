internal import Glibc

extension SourceText {
    /// Reads a file whole.
    /// - Throws: ``Diagnostics`` when it is missing, no regular file, unreadable or too large, and what
    ///   ``init(file:checking:)`` throws.
    package static func read(path: String) throws(Diagnostics) -> SourceText {
        func fault(_ message: String, hint: String? = nil, code: DiagnosticCode = .unreadable) -> Diagnostics {
            Diagnostics([Diagnostic(file: path, position: nil, code: code, message: message, hint: hint)])
        }
        guard !path.isEmpty, !path.utf8.contains(0) else { throw fault("'\(path)' is no path") }
        // Not blocking, because opening a pipe that nobody writes would wait for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let number = errno
            throw fault(number == ENOENT ? "no such file" : "cannot be opened: \(reason(number))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw fault("cannot be read: \(reason(errno))") }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw fault("is a directory", hint: "name the workflow file within it")
        default: throw fault("is no regular file")
        }
        guard status.st_size <= YAMLLimits.fileBytes else { throw fault(tooLarge, code: .limit) }

        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw fault("cannot be read: \(reason(errno))") }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
            // The size of before may have been overtaken by a writer.
            guard bytes.count <= YAMLLimits.fileBytes else { throw fault(tooLarge, code: .limit) }
        }
        return try SourceText(file: path, checking: bytes)
    }

    private static let tooLarge = "is larger than \(YAMLLimits.fileBytes >> 20) MiB"

    private static func reason(_ number: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard strerror_r(number, &buffer, buffer.count) == 0 else { return "error \(number)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
