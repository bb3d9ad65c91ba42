/// GitHub's conversions and comparisons. None of them looks into a reference: the evaluator replaces references by their content before.
extension Value {
    /// Not null, false, 0, NaN or an empty string.
    package var isTruthy: Bool {
        switch self {
        case .null: false
        case .bool(let value): value
        case .number(let value): value != 0 && !value.isNaN
        case .string(let value), .file(let value): !value.isEmpty
        case .array, .object, .ref: true
        }
    }

    var isPrimitive: Bool {
        switch self {
        case .null, .bool, .number, .string, .file: true
        case .array, .object, .ref: false
        }
    }

    /// Null is 0, lists and maps are NaN.
    var coercedNumber: Double {
        switch self {
        case .null: 0
        case .bool(let value): value ? 1 : 0
        case .number(let value): value
        case .string(let value), .file(let value): NumberForm.number(value)
        case .array, .object, .ref: .nan
        }
    }

    /// Null is empty; lists and maps are the bare words that GitHub's `format` and `join` print.
    var coercedText: String {
        switch self {
        case .null: ""
        case .bool(let value): value ? "true" : "false"
        case .number(let value): NumberForm.text(value)
        case .string(let value), .file(let value): value
        case .array: "Array"
        case .object: "Object"
        case .ref: "Object"
        }
    }

    /// The language's `==`: unequal kinds become numbers, strings ignore case, lists and maps equal only themselves.
    package func looselyEquals(_ other: Value) -> Bool {
        switch (self, other) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.array(let a), .array(let b)): a.isSame(as: b)
        case (.object(let a), .object(let b)): a.isSame(as: b)
        case (.ref(let a), .ref(let b)): a == b
        default:
            if let (a, b) = foldedTexts(other) {
                a.unicodeScalars.elementsEqual(b.unicodeScalars)
            } else {
                coercedNumber == other.coercedNumber
            }
        }
    }

    /// The language's `<`: false whenever the two have no order.
    func looselyPrecedes(_ other: Value) -> Bool {
        if let (a, b) = foldedTexts(other) { return a.utf16.lexicographicallyPrecedes(b.utf16) }
        return coercedNumber < other.coercedNumber
    }

    private func foldedTexts(_ other: Value) -> (String, String)? {
        guard let own = asText, let others = other.asText else { return nil }
        return (CaseFolding.fold(own), CaseFolding.fold(others))
    }

    private var asText: String? {
        switch self {
        case .string(let text), .file(let text): text
        default: nil
        }
    }
}
