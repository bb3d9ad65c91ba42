/// One value: kind, bytes, to the end of the frame.
struct SingleValueWriter: SingleValueEncodingContainer {
    let writer: ValueWriter
    var codingPath: [any CodingKey] { [] }

    func encodeNil() { writer.raw(ValueKind.null.rawValue) }
    func encode<T: Encodable>(_ value: T) throws {
        writer.raw(ValueKind(of: T.self).rawValue)
        try writer.value(value)
    }
}
