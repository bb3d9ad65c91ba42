/// `.name`, `[index]` and `.*`: a property that is not there is null, also that of something that has no properties.
struct PropertyAccess {
    private let isAll: Bool
    private let key: String?
    private let index: Int?

    static let all = PropertyAccess(isAll: true, key: nil, index: nil)

    private init(isAll: Bool, key: String?, index: Int?) {
        self.isAll = isAll
        self.key = key
        self.index = index
    }

    init(_ index: Value) {
        let number = index.coercedNumber.rounded(.down)
        self.init(isAll: false, key: index.isPrimitive ? index.coercedText : nil, index: number >= 0 ? Int(exactly: number) : nil)
    }

    /// - Parameter content: loads an element of a filtered list that is a reference.
    func apply(to base: Value, content: (Value) throws(EvaluationFault) -> Value) throws(EvaluationFault) -> Value {
        guard case .array(let elements) = base, elements.isFiltered else {
            if isAll { return .array(ValueArray(all(of: base), isFiltered: true)) }
            return one(of: base) ?? .null
        }
        var found: [Value] = []
        for element in elements {
            let element = try content(element)
            if isAll { found += all(of: element) } else if let value = one(of: element) { found.append(value) }
        }
        return .array(ValueArray(found, isFiltered: true))
    }

    private func one(of base: Value) -> Value? {
        switch base {
        case .array(let elements):
            guard let index, index < elements.count else { return nil }
            return elements[index]
        case .object(let members): return key.flatMap { members[$0] }
        default: return nil
        }
    }

    private func all(of base: Value) -> [Value] {
        switch base {
        case .array(let elements): elements.elements
        case .object(let members): members.values
        default: []
        }
    }
}
