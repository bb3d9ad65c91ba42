import RayflowCore

/// Finds fields by name. Fields that are read in the order in which they were written cost one comparison each.
struct KeyedValueReader<Key: CodingKey>: KeyedDecodingContainerProtocol {
    private final class Cursor {
        var next: Int
        init(_ next: Int) { self.next = next }
    }
    private struct Field {
        var key: Range<Int>
        /// nil: written as nil.
        var value: Range<Int>?
        var end: Int
    }

    let reader: ValueReader
    private let frame: Range<Int>
    private let cursor: Cursor
    var codingPath: [any CodingKey] { [] }

    init(reader: ValueReader) {
        self.reader = reader
        frame = reader.frame
        cursor = Cursor(frame.lowerBound)
    }

    private func parse(_ at: Int) -> Field? {
        guard let nameLength = reader.peek(UInt16.self, at: at, before: frame.upperBound) else { return nil }
        let name = at + 2, length = name + Int(nameLength)
        guard let size = reader.peek(UInt32.self, at: length, before: frame.upperBound) else { return nil }
        let start = length + 4
        if size == nilLength { return Field(key: name..<length, value: nil, end: start) }
        guard Int(size) <= frame.upperBound - start else { return nil }
        return Field(key: name..<length, value: start..<start + Int(size), end: start + Int(size))
    }

    private func find(_ key: Key) -> Field? {
        var name = key.stringValue
        return name.withUTF8 { name in
            if let field = parse(cursor.next), reader.matches(field.key, name) { return field }
            var at = frame.lowerBound
            while let field = parse(at) {
                if reader.matches(field.key, name) { return field }
                at = field.end
            }
            return nil
        }
    }

    /// Where the field's value is; the field after it is expected next.
    private func range(_ key: Key) throws -> Range<Int> {
        guard let field = find(key) else { throw RayflowError(.typeMismatch, "no field \(key.stringValue)") }
        guard let value = field.value else { throw RayflowError(.typeMismatch, "field \(key.stringValue) is nil") }
        cursor.next = field.end
        return value
    }

    var allKeys: [Key] {
        var keys: [Key] = []
        var at = frame.lowerBound
        while let field = parse(at) {
            if let key = Key(stringValue: reader.text(field.key)) { keys.append(key) }
            at = field.end
        }
        return keys
    }

    func contains(_ key: Key) -> Bool { find(key) != nil }
    func decodeNil(forKey key: Key) -> Bool { find(key)?.value == nil }

    func decode<T: Decodable>(_: T.Type, forKey key: Key) throws -> T { try reader.value(T.self, in: try range(key)) }
    private func field<R: RemoteValue>(_ key: Key) throws -> R {
        let range = try range(key)
        return try reader.within(range) {
            let value = try R.read(from: reader)
            guard reader.offset == range.upperBound else { throw RayflowError(.typeMismatch, "field \(key.stringValue) is no \(R.self)") }
            return value
        }
    }
    func decode(_: String.Type, forKey key: Key) throws -> String { try field(key) }
    func decode(_: Bool.Type, forKey key: Key) throws -> Bool { try field(key) }
    func decode(_: Double.Type, forKey key: Key) throws -> Double { try field(key) }
    func decode(_: Float.Type, forKey key: Key) throws -> Float { try field(key) }
    func decode(_: Int.Type, forKey key: Key) throws -> Int { try field(key) }
    func decode(_: Int8.Type, forKey key: Key) throws -> Int8 { try field(key) }
    func decode(_: Int16.Type, forKey key: Key) throws -> Int16 { try field(key) }
    func decode(_: Int32.Type, forKey key: Key) throws -> Int32 { try field(key) }
    func decode(_: Int64.Type, forKey key: Key) throws -> Int64 { try field(key) }
    func decode(_: UInt.Type, forKey key: Key) throws -> UInt { try field(key) }
    func decode(_: UInt8.Type, forKey key: Key) throws -> UInt8 { try field(key) }
    func decode(_: UInt16.Type, forKey key: Key) throws -> UInt16 { try field(key) }
    func decode(_: UInt32.Type, forKey key: Key) throws -> UInt32 { try field(key) }
    func decode(_: UInt64.Type, forKey key: Key) throws -> UInt64 { try field(key) }

    func nestedContainer<Nested: CodingKey>(keyedBy: Nested.Type, forKey key: Key) throws -> KeyedDecodingContainer<Nested> {
        reader.enter(try range(key))
        return try reader.container(keyedBy: Nested.self)
    }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        reader.enter(try range(key))
        return try reader.unkeyedContainer()
    }
    func superDecoder() throws -> any Decoder {
        guard let key = Key(stringValue: "super") else {
            throw RayflowError(.typeMismatch, "\(Key.self) has no key super for the superclass")
        }
        return try superDecoder(forKey: key)
    }
    func superDecoder(forKey key: Key) throws -> any Decoder {
        reader.enter(try range(key))
        return reader
    }
}
