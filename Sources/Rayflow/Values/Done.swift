/// The value of a body that returns nothing.
public struct Done: RemoteValue, Hashable {
    public init() {}
    public static var _typeTag: String { "Rayflow.Done" }

    public func write(to writer: ValueWriter) { writer.raw(UInt8(0)) }
    public static func read(from reader: ValueReader) throws -> Done {
        guard try reader.raw(UInt8.self) == 0 else { throw reader.corrupt("no Done") }
        return Done()
    }

    /// As JSON: null.
    public init(from decoder: any Decoder) {}
    public func encode(to encoder: any Encoder) throws {
        var single = encoder.singleValueContainer()
        try single.encodeNil()
    }
}
