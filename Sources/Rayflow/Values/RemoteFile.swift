import Glibc
public import RayflowCore

/// A file that a step made or a workflow names: its path, which every node sees.
///
/// What is in the file is not part of the value: two runs with the same path have the same argument.
public struct RemoteFile: RemoteValue, Hashable {
    public var path: String
    public init(_ path: String) { self.path = path }
    public static var _typeTag: String { "Rayflow.RemoteFile" }

    public func write(to writer: ValueWriter) { path.write(to: writer) }
    public static func read(from reader: ValueReader) throws -> RemoteFile { RemoteFile(try String.read(from: reader)) }

    /// As JSON: the path.
    public init(from decoder: any Decoder) throws { path = try decoder.singleValueContainer().decode(String.self) }
    public func encode(to encoder: any Encoder) throws {
        var single = encoder.singleValueContainer()
        try single.encode(path)
    }

    /// The whole content.
    /// - Throws: `system` with the path and the reason.
    public func bytes() throws(RayflowError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure() }
        defer { _ = Glibc.close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw failure() }
        var content: [UInt8] = []
        // The size is a hint: files in /proc have none, and a file may grow while it is read.
        var room = max(Int(facts.st_size) + 1, 4096)
        while true {
            let start = content.count
            var got = 0
            content.append(contentsOf: repeatElement(0, count: room))
            repeat {
                got = content.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress?.advanced(by: start), room) }
            } while got < 0 && errno == EINTR
            guard got >= 0 else { throw failure() }
            content.removeLast(room - got)
            if got == 0 { return content }
            room = got < room ? room - got : max(content.count, 4096)
        }
    }

    /// The whole content as text.
    /// - Throws: `system` as ``bytes()``, or `corrupt` if it is not UTF-8.
    public func text() throws(RayflowError) -> String {
        guard let text = String(validating: try bytes(), as: UTF8.self) else { throw RayflowError(.corrupt, "\(path): not UTF-8") }
        return text
    }

    private func failure() -> RayflowError { RayflowError(.system, "\(path): \(String(cString: strerror(errno)))") }
}
