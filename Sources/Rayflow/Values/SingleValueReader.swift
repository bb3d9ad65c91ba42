import RayflowCore

/// One value, which may be asked for as several types until one fits.
struct SingleValueReader: SingleValueDecodingContainer {
    let reader: ValueReader
    private let kind: ValueKind
    private let bytes: Range<Int>
    var codingPath: [any CodingKey] { [] }

    init(reader: ValueReader) throws {
        self.reader = reader
        let frame = reader.frame
        guard let byte = reader.byte(at: frame.lowerBound), let kind = ValueKind(rawValue: byte) else {
            throw RayflowError(.typeMismatch, "no single value is here")
        }
        self.kind = kind
        bytes = frame.lowerBound + 1..<frame.upperBound
    }

    func decodeNil() -> Bool { kind == .null }
    func decode<T: Decodable>(_: T.Type) throws -> T {
        guard kind == ValueKind(of: T.self) else { throw RayflowError(.typeMismatch, "a value of kind \(kind), read as \(T.self)") }
        return try reader.value(T.self, in: bytes)
    }
}
