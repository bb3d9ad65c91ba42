/// A number of fixed width, for which every pattern of bits is a value and which has no padding: arrays of it are copied and read in place as
/// one block, in the machine's order (little-endian).
public protocol RemoteNumber: RemoteValue, BitwiseCopyable {}

extension RemoteValue where Self: RemoteNumber {
    public func write(to writer: ValueWriter) { writer.raw(self) }
    public static func read(from reader: ValueReader) throws -> Self { try reader.raw(Self.self) }
    public static func _writeAll(_ values: [Self], to writer: ValueWriter) { values.withUnsafeBytes { writer.block($0) } }
    public static func _readAll(_ count: Int, from reader: ValueReader) throws -> [Self] { try reader.array(count) }
}

extension Int: RemoteNumber { public static var _typeTag: String { "Swift.Int" } }
extension Int8: RemoteNumber { public static var _typeTag: String { "Swift.Int8" } }
extension Int16: RemoteNumber { public static var _typeTag: String { "Swift.Int16" } }
extension Int32: RemoteNumber { public static var _typeTag: String { "Swift.Int32" } }
extension Int64: RemoteNumber { public static var _typeTag: String { "Swift.Int64" } }
extension UInt: RemoteNumber { public static var _typeTag: String { "Swift.UInt" } }
extension UInt8: RemoteNumber { public static var _typeTag: String { "Swift.UInt8" } }
extension UInt16: RemoteNumber { public static var _typeTag: String { "Swift.UInt16" } }
extension UInt32: RemoteNumber { public static var _typeTag: String { "Swift.UInt32" } }
extension UInt64: RemoteNumber { public static var _typeTag: String { "Swift.UInt64" } }
extension Float: RemoteNumber { public static var _typeTag: String { "Swift.Float" } }
extension Double: RemoteNumber { public static var _typeTag: String { "Swift.Double" } }
