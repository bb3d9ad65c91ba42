/// What an expression computes with: GitHub's value kinds, and two of our own.
///
/// `==` on `Value` compares contents exactly. The language's `==` is ``looselyEquals(_:)``.
package indirect enum Value: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array(ValueArray)
    case object(ValueObject)
    /// What `file()` and `dir()` give: a string wherever a string will do, but known to be a path.
    case file(String)
    /// An object that is passed on without being loaded. Whatever needs its content throws ``EvaluationFault/needs(_:)``.
    case ref(ValueRef)

    package static func list(_ elements: [Value]) -> Value { .array(ValueArray(elements)) }
}

extension Value {
    /// The word for the kind of value, with its article, as messages use it.
    package var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "a bool"
        case .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "a map"
        case .file: "a file"
        case .ref: "an object reference"
        }
    }

    /// Every reference in the value, each once, in order.
    package var refs: [ValueRef] {
        var found: [ValueRef] = []
        var seen: Set<ValueRef> = []
        visitRefs { ref in if seen.insert(ref).inserted { found.append(ref) } }
        return found
    }

    package var hasRefs: Bool {
        switch self {
        case .ref: true
        case .array(let elements): elements.contains { $0.hasRefs }
        case .object(let members): members.contains { $0.value.hasRefs }
        default: false
        }
    }

    private func visitRefs(_ visit: (ValueRef) -> Void) {
        switch self {
        case .ref(let ref): visit(ref)
        case .array(let elements): for element in elements { element.visitRefs(visit) }
        case .object(let members): for member in members { member.value.visitRefs(visit) }
        default: break
        }
    }
}

extension Value: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByStringInterpolation, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(nilLiteral: ()) { self = .null }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int) { self = .number(Double(value)) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(arrayLiteral elements: Value...) { self = .list(elements) }
    package init(dictionaryLiteral elements: (String, Value)...) { self = .object(ValueObject(elements)) }
}
