public import RayflowCore

/// A value that travels: to a remote body as an argument, back as a result, or into the object store.
///
/// `struct Point: RemoteValue { … }` is the whole conformance of a `Codable` type. The fields are written with their names and lengths, so a type
/// whose `encode` and `decode` do not mirror each other works too. A type for which this is too slow implements ``write(to:)`` and
/// ``read(from:)`` itself, field by field in one order; every value must write at least one byte.
///
/// The requirements that start with an underscore belong to the library.
public protocol RemoteValue: RemoteArgument, Codable {
    associatedtype Resolved = Self
    func write(to writer: ValueWriter) throws
    /// Reads what ``write(to:)`` wrote, exactly. Throws on any other bytes.
    static func read(from reader: ValueReader) throws -> Self

    static var _typeTag: String { get }
    /// The tag of the elements, if this is an array on the wire.
    static var _elementTag: String? { get }
    static func _writeAll(_ values: [Self], to writer: ValueWriter) throws
    static func _readAll(_ count: Int, from reader: ValueReader) throws -> [Self]
    /// Writes one element of this array type, given as JSON.
    static func _writeElement(_ json: JSON, to writer: ValueWriter) throws
    /// This value as the result of a body.
    func _result() throws -> EncodedResult
}

/// What a body gave back, encoded. Made by the library only.
public struct EncodedResult: Sendable {
    package let payload: ResultPayload
    package init(_ payload: ResultPayload) { self.payload = payload }
}

extension RemoteValue {
    public func write(to writer: ValueWriter) throws { try writer.framed(self) }
    public static func read(from reader: ValueReader) throws -> Self { try reader.framed(Self.self) }

    public static var _typeTag: String { TypeTags.tag(of: Self.self) }
    public static var _elementTag: String? { nil }

    public static func _writeAll(_ values: [Self], to writer: ValueWriter) throws {
        let start = writer.count
        for value in values { try value.write(to: writer) }
        guard writer.count - start >= values.count else {
            throw RayflowError(.invalidArgument, "\(Self.self).write(to:) wrote nothing; a value takes at least one byte")
        }
    }

    public static func _readAll(_ count: Int, from reader: ValueReader) throws -> [Self] {
        var values: [Self] = []
        values.reserveCapacity(min(count, ValueLimits.reservedElements))
        for _ in 0..<count { values.append(try read(from: reader)) }
        return values
    }

    public static func _writeElement(_ json: JSON, to writer: ValueWriter) throws {
        throw RayflowError(.typeMismatch, "\(Self.self) is not a list")
    }

    public func _result() throws -> EncodedResult {
        let payload = try Payload(encoding: self)
        TaskContext.current?.hold(payload)
        return EncodedResult(.values([payload]))
    }
}
