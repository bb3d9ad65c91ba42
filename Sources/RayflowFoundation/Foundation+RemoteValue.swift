public import Foundation
public import Rayflow

// Dates, identifiers, data: the types of Foundation that programs pass around. Those with a fixed form are written without field names.

extension Date: RemoteValue {
    public func write(to writer: ValueWriter) { timeIntervalSinceReferenceDate.write(to: writer) }
    public static func read(from reader: ValueReader) throws -> Date {
        Date(timeIntervalSinceReferenceDate: try Double.read(from: reader))
    }
}

extension UUID: RemoteValue {
    public func write(to writer: ValueWriter) { withUnsafeBytes(of: uuid) { writer.block($0) } }
    public static func read(from reader: ValueReader) throws -> UUID {
        let bytes = try reader.block(16)
        return UUID(uuid: bytes.loadUnaligned(as: uuid_t.self))
    }
}

extension Data: RemoteValue {
    public func write(to writer: ValueWriter) {
        writer.count(count)
        writer.block(self)
    }
    public static func read(from reader: ValueReader) throws -> Data { Data(try reader.block(try reader.count())) }
}

extension URL: RemoteValue {}
extension Decimal: RemoteValue {}
