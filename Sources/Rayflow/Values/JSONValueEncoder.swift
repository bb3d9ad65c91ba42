public import RayflowCore

/// Shows a `Codable` value as JSON: for outputs, `status --json` and logs.
///
/// Dictionaries are ordered by key and sets by their elements' text, so equal values give equal text.
public final class JSONValueEncoder: Encoder {
    /// What has been written so far; nil: nothing yet.
    enum Partial {
        case value(JSON)
        case array([JSONValueEncoder])
        case object([(key: String, value: JSONValueEncoder)])
    }

    private(set) var partial: Partial?
    public var codingPath: [any CodingKey] { [] }
    public var userInfo: [CodingUserInfoKey: Any] { [:] }

    init() {}

    /// - Throws: what the value's `encode(to:)` throws.
    public static func json<T: Encodable>(_ value: T) throws -> JSON {
        if T.self == JSON.self, let json = value as? JSON { return json }
        let encoder = JSONValueEncoder()
        try value.encode(to: encoder)
        let json = encoder.json
        return value is any UnorderedCollection ? Self.ordered(json) : json
    }

    /// An encoder into which nothing was written is an empty object: a struct without fields.
    var json: JSON {
        switch partial {
        case nil: .object(JSONObject())
        case .value(let json): json
        case .array(let elements): .array(elements.map(\.json))
        case .object(let members): .object(JSONObject(members.map { ($0.key, $0.value.json) }))
        }
    }

    private static func ordered(_ json: JSON) -> JSON {
        switch json {
        case .object(let members): return .object(JSONObject(members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }))
        case .array(let elements): return .array(elements.map { ($0, $0.compact) }.sorted { $0.1 < $1.1 }.map(\.0))
        default: return json
        }
    }

    func set(_ json: JSON) { partial = .value(json) }
    func append() -> JSONValueEncoder {
        let element = JSONValueEncoder()
        if case .array(var elements) = partial {
            partial = nil
            elements.append(element)
            partial = .array(elements)
        } else {
            partial = .array([element])
        }
        return element
    }
    func member(_ key: String) -> JSONValueEncoder {
        let value = JSONValueEncoder()
        if case .object(var members) = partial {
            partial = nil
            members.append((key, value))
            partial = .object(members)
        } else {
            partial = .object([(key, value)])
        }
        return value
    }
    func beginArray() { if case .array = partial {} else { partial = .array([]) } }
    func beginObject() { if case .object = partial {} else { partial = .object([]) } }
    var elementCount: Int { if case .array(let elements) = partial { elements.count } else { 0 } }

    public func container<Key: CodingKey>(keyedBy: Key.Type) -> KeyedEncodingContainer<Key> {
        beginObject()
        return KeyedEncodingContainer(KeyedJSONEncoder<Key>(encoder: self))
    }
    public func unkeyedContainer() -> any UnkeyedEncodingContainer {
        beginArray()
        return UnkeyedJSONEncoder(encoder: self)
    }
    public func singleValueContainer() -> any SingleValueEncodingContainer { SingleJSONEncoder(encoder: self) }
}

/// A collection whose order says nothing. Dictionaries with other than string or integer keys are lists of keys and values in turn, and stay
/// as they are.
private protocol UnorderedCollection {}
extension Set: UnorderedCollection {}
extension Dictionary: UnorderedCollection where Key: CodingKeyLike {}
private protocol CodingKeyLike {}
extension String: CodingKeyLike {}
extension Int: CodingKeyLike {}
