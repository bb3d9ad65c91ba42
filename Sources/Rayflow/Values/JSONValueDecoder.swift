public import RayflowCore

/// Reads a `Codable` value from JSON: literals of workflow files, outputs of shell steps.
///
/// Integers are read as floating point where that is asked for, and whole doubles as integers. Faults name the place (`.points[2].x`).
public struct JSONValueDecoder: Decoder {
    let json: JSON
    let path: String
    public var codingPath: [any CodingKey] { [] }
    public var userInfo: [CodingUserInfoKey: Any] { [:] }

    public init(_ json: JSON) { self.init(json, path: "") }
    init(_ json: JSON, path: String) {
        self.json = json
        self.path = path
    }

    public func container<Key: CodingKey>(keyedBy: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let members) = json else { throw mismatch("a map") }
        return KeyedDecodingContainer(KeyedJSONDecoder<Key>(members: members, path: path))
    }
    public func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = json else { throw mismatch("a list") }
        return UnkeyedJSONDecoder(elements: elements, path: path)
    }
    public func singleValueContainer() -> any SingleValueDecodingContainer { self }

    func mismatch(_ wanted: String) -> RayflowError {
        let found = json.isNull ? "null" : "the \(json.kindName) \(Self.short(json))"
        return RayflowError(.typeMismatch, "\(wanted) expected, found \(found)\(path.isEmpty ? "" : " at \(path)")")
    }

    private static func short(_ json: JSON) -> String {
        let text = json.compact
        return text.count <= 60 ? text : text.prefix(57) + "..."
    }
}

extension JSONValueDecoder: SingleValueDecodingContainer {
    public func decodeNil() -> Bool { json.isNull }
    public func decode(_: Bool.Type) throws -> Bool {
        guard let value = json.boolValue else { throw mismatch("Bool") }
        return value
    }
    public func decode(_: String.Type) throws -> String {
        guard let value = json.stringValue else { throw mismatch("String") }
        return value
    }
    public func decode(_: Double.Type) throws -> Double {
        guard let value = json.doubleValue else { throw mismatch("Double") }
        return value
    }
    public func decode(_: Float.Type) throws -> Float {
        guard let value = json.doubleValue else { throw mismatch("Float") }
        return Float(value)
    }
    public func decode(_: Int.Type) throws -> Int { try integer() }
    public func decode(_: Int8.Type) throws -> Int8 { try integer() }
    public func decode(_: Int16.Type) throws -> Int16 { try integer() }
    public func decode(_: Int32.Type) throws -> Int32 { try integer() }
    public func decode(_: Int64.Type) throws -> Int64 { try integer() }
    public func decode(_: UInt.Type) throws -> UInt { try integer() }
    public func decode(_: UInt8.Type) throws -> UInt8 { try integer() }
    public func decode(_: UInt16.Type) throws -> UInt16 { try integer() }
    public func decode(_: UInt32.Type) throws -> UInt32 { try integer() }
    public func decode(_: UInt64.Type) throws -> UInt64 { try integer() }
    public func decode<T: Decodable>(_: T.Type) throws -> T {
        if T.self == JSON.self, let json = json as? T { return json }
        return try T(from: self)
    }

    private func integer<T: FixedWidthInteger>() throws -> T {
        let value: T? =
            switch json {
            case .int(let value): T(exactly: value)
            // Beyond 2^63 the parser gives a double.
            case .double(let value): T(exactly: value)
            default: nil
            }
        guard let value else { throw mismatch("\(T.self)") }
        return value
    }
}
