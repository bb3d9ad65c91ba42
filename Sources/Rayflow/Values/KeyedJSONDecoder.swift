import RayflowCore

/// The members of a JSON object.
struct KeyedJSONDecoder<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let members: JSONObject
    let path: String
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { members.keys.compactMap { Key(stringValue: $0) } }

    private func decoder(_ key: Key) -> JSONValueDecoder {
        JSONValueDecoder(members[key.stringValue] ?? .null, path: "\(path).\(key.stringValue)")
    }
    private func present(_ key: Key) throws -> JSONValueDecoder {
        guard members[key.stringValue] != nil else {
            throw RayflowError(.typeMismatch, "\(path).\(key.stringValue) is missing")
        }
        return decoder(key)
    }

    func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }
    func decodeNil(forKey key: Key) -> Bool { decoder(key).json.isNull }
    func decode<T: Decodable>(_: T.Type, forKey key: Key) throws -> T { try present(key).decode(T.self) }
    func nestedContainer<Nested: CodingKey>(keyedBy: Nested.Type, forKey key: Key) throws -> KeyedDecodingContainer<Nested> {
        try present(key).container(keyedBy: Nested.self)
    }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { try present(key).unkeyedContainer() }
    func superDecoder() -> any Decoder { JSONValueDecoder(members["super"] ?? .object(members), path: path) }
    func superDecoder(forKey key: Key) -> any Decoder { decoder(key) }
}
