// Bool and String. A Bool is no RemoteNumber: of the 256 patterns of its byte only two are values.

extension Bool: RemoteValue {
    public static var _typeTag: String { "Swift.Bool" }
    public func write(to writer: ValueWriter) { writer.raw(self ? UInt8(1) : 0) }
    public static func read(from reader: ValueReader) throws -> Bool {
        switch try reader.raw(UInt8.self) {
        case 0: return false
        case 1: return true
        case let byte: throw reader.corrupt("a Bool of \(byte)")
        }
    }
}

extension String: RemoteValue {
    public static var _typeTag: String { "Swift.String" }
    public func write(to writer: ValueWriter) {
        var text = self
        text.withUTF8 { utf8 in
            writer.count(utf8.count)
            writer.block(UnsafeRawBufferPointer(utf8))
        }
    }
    public static func read(from reader: ValueReader) throws -> String {
        let utf8 = try reader.block(try reader.count())
        let span = utf8.assumingMemoryBound(to: UInt8.self).span
        guard let text = try? UTF8Span(validating: span) else { throw reader.corrupt("text that is not UTF-8") }
        return String(copying: text)
    }
}

extension Optional: RemoteArgument where Wrapped: RemoteValue { public typealias Resolved = Self }
extension Optional: RemoteValue where Wrapped: RemoteValue {
    public func write(to writer: ValueWriter) throws {
        try writer.descend()
        defer { writer.ascend() }
        if case .some = self { true.write(to: writer) } else { false.write(to: writer) }
        try self?.write(to: writer)
    }
    public static func read(from reader: ValueReader) throws -> Self {
        try reader.descend()
        defer { reader.ascend() }
        return try Bool.read(from: reader) ? .some(try Wrapped.read(from: reader)) : .none
    }
}
