package import RayflowCore

extension Value {
    /// Numbers become doubles: integers beyond 2^53 are rounded.
    package init(_ json: JSON) {
        switch json {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .number(Double(value))
        case .double(let value): self = .number(value)
        case .string(let value): self = .string(value)
        case .array(let elements): self = .list(elements.map(Value.init))
        case .object(let members): self = .object(ValueObject(members.map { ($0.key, Value($0.value)) }))
        }
    }

    /// Whole numbers within 2^53 become `int`; files become their paths.
    /// - Throws: ``EvaluationFault/needs(_:)`` with all references in the value.
    package func json() throws(EvaluationFault) -> JSON {
        guard !hasRefs else { throw .needs(refs) }
        return plainJSON
    }

    /// References have no JSON form and become null: for callers that know that there is none.
    var plainJSON: JSON {
        switch self {
        case .null, .ref: .null
        case .bool(let value): .bool(value)
        case .number(let value): Self.json(value)
        case .string(let value), .file(let value): .string(value)
        case .array(let elements): .array(elements.map(\.plainJSON))
        case .object(let members): .object(JSONObject(members.map { ($0.key, $0.value.plainJSON) }))
        }
    }

    private static let exactIntegers = 0x1p53

    private static func json(_ number: Double) -> JSON {
        guard number.magnitude <= exactIntegers, let integer = Int(exactly: number) else { return .double(number) }
        return .int(integer)
    }
}
