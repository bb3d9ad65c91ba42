/// Fields: key, length, bytes. A field without a value has the length ``nilLength``.
struct KeyedValueWriter<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let writer: ValueWriter
    private let depth: Int
    var codingPath: [any CodingKey] { [] }

    init(writer: ValueWriter) {
        self.writer = writer
        depth = writer.depth
    }

    private func name(_ key: Key) {
        writer.close(to: depth)
        var name = key.stringValue
        name.withUTF8 { utf8 in
            if utf8.count > ValueLimits.keyBytes { writer.fail("a key of \(utf8.count) bytes; the longest has \(ValueLimits.keyBytes)") }
            writer.raw(UInt16(truncatingIfNeeded: utf8.count))
            writer.block(UnsafeRawBufferPointer(utf8))
        }
    }

    private func field(_ key: Key, _ body: () throws -> Void) rethrows {
        name(key)
        writer.openLength()
        try body()
        writer.close(to: depth)
    }

    private func fixed<T: BitwiseCopyable>(_ key: Key, _ value: T) {
        name(key)
        writer.raw(UInt32(MemoryLayout<T>.size))
        writer.raw(value)
    }

    func encodeNil(forKey key: Key) {
        name(key)
        writer.raw(nilLength)
    }

    func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try field(key) { try writer.value(value) } }
    func encode(_ value: String, forKey key: Key) throws { field(key) { value.write(to: writer) } }
    func encode(_ value: Bool, forKey key: Key) { fixed(key, value) }
    func encode(_ value: Double, forKey key: Key) { fixed(key, value) }
    func encode(_ value: Float, forKey key: Key) { fixed(key, value) }
    func encode(_ value: Int, forKey key: Key) { fixed(key, value) }
    func encode(_ value: Int8, forKey key: Key) { fixed(key, value) }
    func encode(_ value: Int16, forKey key: Key) { fixed(key, value) }
    func encode(_ value: Int32, forKey key: Key) { fixed(key, value) }
    func encode(_ value: Int64, forKey key: Key) { fixed(key, value) }
    func encode(_ value: UInt, forKey key: Key) { fixed(key, value) }
    func encode(_ value: UInt8, forKey key: Key) { fixed(key, value) }
    func encode(_ value: UInt16, forKey key: Key) { fixed(key, value) }
    func encode(_ value: UInt32, forKey key: Key) { fixed(key, value) }
    func encode(_ value: UInt64, forKey key: Key) { fixed(key, value) }

    private func open(_ key: Key) {
        name(key)
        writer.openLength()
    }

    func nestedContainer<Nested: CodingKey>(keyedBy: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested> {
        open(key)
        return writer.container(keyedBy: Nested.self)
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        open(key)
        return writer.unkeyedContainer()
    }
    func superEncoder() -> any Encoder { superEncoder(named: "super") }
    func superEncoder(forKey key: Key) -> any Encoder {
        open(key)
        return writer
    }
    private func superEncoder(named: String) -> any Encoder {
        if let key = Key(stringValue: named) { open(key) } else { writer.fail("\(Key.self) has no key \(named) for the superclass") }
        return writer
    }
}

/// The length of a field that was written as nil.
let nilLength = UInt32.max
