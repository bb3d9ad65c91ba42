/// One encoded value: an argument, a result or the content of an object.
///
/// The bytes are canonical: the same value gives the same bytes in every execution, because a ref nested in the value stands in them only as
/// its place in ``refs``. So a payload is bound to other executions (on resume, or when ownership moves) by replacing `refs` alone.
public struct Payload: Sendable, Hashable {
    public enum Form: UInt8, Sendable {
        /// Written by a value's own coder; ``Payload/type`` says which type reads it.
        case binary = 0
        /// UTF-8 JSON text: outputs of shell steps, literals of workflow files. Any type with a matching shape reads it.
        case json = 1
    }

    public var form: Form
    /// The type tag, empty for JSON.
    public var type: String
    public var bytes: [UInt8]
    /// The refs nested in the value, in the order in which they were met; the same ref may stand here twice.
    public var refs: [ObjectID]

    public init(form: Form = .binary, type: String, bytes: [UInt8], refs: [ObjectID] = []) {
        self.form = form
        self.type = type
        self.bytes = bytes
        self.refs = refs
    }

    /// A JSON value as an object.
    public init(json: JSON) {
        self.init(form: .json, type: "", bytes: Array(json.text(wholeDoubles: .withFraction).utf8))
    }
}

extension ByteWriter {
    public mutating func payload(_ value: Payload) {
        u8(value.form.rawValue)
        string(value.type)
        blob(value.bytes)
        list(value.refs) { $0.object($1) }
    }
}

extension ByteReader {
    public mutating func payload() throws(DecodingFault) -> Payload {
        guard let form = Payload.Form(rawValue: try u8()) else { throw DecodingFault("unknown form of value", at: offset - 1) }
        let type = try string()
        let bytes = try blob()
        let refs = try list(unit: 28) { (reader) throws(DecodingFault) in try reader.object() }
        return Payload(form: form, type: type, bytes: bytes, refs: refs)
    }
}
