import RayflowCore

/// Elements in order, to the end of the frame.
struct UnkeyedValueReader: UnkeyedDecodingContainer {
    let reader: ValueReader
    private let elements: [(kind: ValueKind, bytes: Range<Int>)]
    private(set) var currentIndex = 0
    var codingPath: [any CodingKey] { [] }

    /// The elements are walked once, because types ask for their count before they read them.
    init(reader: ValueReader) throws {
        self.reader = reader
        let end = reader.frame.upperBound
        var elements: [(ValueKind, Range<Int>)] = []
        var at = reader.frame.lowerBound
        while at < end {
            guard let kind = reader.peek(UInt8.self, at: at, before: end).flatMap(ValueKind.init),
                let size = reader.peek(UInt32.self, at: at + 1, before: end), Int(size) <= end - at - 5
            else { throw reader.corrupt("an element that is none") }
            elements.append((kind, at + 5..<at + 5 + Int(size)))
            at += 5 + Int(size)
        }
        self.elements = elements
    }

    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    private func current() throws -> (kind: ValueKind, bytes: Range<Int>) {
        guard !isAtEnd else { throw RayflowError(.typeMismatch, "element \(currentIndex) of \(elements.count)") }
        return elements[currentIndex]
    }

    mutating func decodeNil() throws -> Bool {
        guard try current().kind == .null else { return false }
        currentIndex += 1
        return true
    }
    mutating func decode<T: Decodable>(_: T.Type) throws -> T {
        let element = try current()
        guard element.kind == ValueKind(of: T.self) else {
            throw RayflowError(.typeMismatch, "element \(currentIndex) is of kind \(element.kind), read as \(T.self)")
        }
        let value = try reader.value(T.self, in: element.bytes)
        currentIndex += 1
        return value
    }
    private mutating func enter() throws {
        reader.enter(try current().bytes)
        currentIndex += 1
    }
    mutating func nestedContainer<Key: CodingKey>(keyedBy: Key.Type) throws -> KeyedDecodingContainer<Key> {
        try enter()
        return try reader.container(keyedBy: Key.self)
    }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try enter()
        return try reader.unkeyedContainer()
    }
    mutating func superDecoder() throws -> any Decoder {
        try enter()
        return reader
    }
}
