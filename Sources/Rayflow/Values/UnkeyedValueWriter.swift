/// Elements: kind, length, bytes, to the end of the frame.
struct UnkeyedValueWriter: UnkeyedEncodingContainer {
    let writer: ValueWriter
    private let depth: Int
    private(set) var count = 0
    var codingPath: [any CodingKey] { [] }

    init(writer: ValueWriter) {
        self.writer = writer
        depth = writer.depth
    }

    private mutating func element(_ kind: ValueKind) {
        writer.close(to: depth)
        count += 1
        writer.raw(kind.rawValue)
        writer.openLength()
    }

    mutating func encodeNil() {
        element(.null)
        writer.close(to: depth)
    }
    mutating func encode<T: Encodable>(_ value: T) throws {
        element(ValueKind(of: T.self))
        try writer.value(value)
        writer.close(to: depth)
    }
    mutating func nestedContainer<Key: CodingKey>(keyedBy: Key.Type) -> KeyedEncodingContainer<Key> {
        element(.other)
        return writer.container(keyedBy: Key.self)
    }
    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        element(.other)
        return writer.unkeyedContainer()
    }
    mutating func superEncoder() -> any Encoder {
        element(.other)
        return writer
    }
}
