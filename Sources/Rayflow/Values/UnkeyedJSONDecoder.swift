import RayflowCore

/// The elements of a JSON array.
struct UnkeyedJSONDecoder: UnkeyedDecodingContainer {
    let elements: [JSON]
    let path: String
    private(set) var currentIndex = 0
    var codingPath: [any CodingKey] { [] }
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    init(elements: [JSON], path: String) {
        self.elements = elements
        self.path = path
    }

    private func current() throws -> JSONValueDecoder {
        guard !isAtEnd else {
            throw RayflowError(.typeMismatch, "\(path)[\(currentIndex)] is missing: the list has \(elements.count) elements")
        }
        return JSONValueDecoder(elements[currentIndex], path: "\(path)[\(currentIndex)]")
    }

    mutating func decodeNil() throws -> Bool {
        guard try current().json.isNull else { return false }
        currentIndex += 1
        return true
    }
    mutating func decode<T: Decodable>(_: T.Type) throws -> T {
        let value = try current().decode(T.self)
        currentIndex += 1
        return value
    }
    mutating func nestedContainer<Key: CodingKey>(keyedBy: Key.Type) throws -> KeyedDecodingContainer<Key> {
        defer { currentIndex += 1 }
        return try current().container(keyedBy: Key.self)
    }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        defer { currentIndex += 1 }
        return try current().unkeyedContainer()
    }
    mutating func superDecoder() throws -> any Decoder {
        defer { currentIndex += 1 }
        return try current()
    }
}
