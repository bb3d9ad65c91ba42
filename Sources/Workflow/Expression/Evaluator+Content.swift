/// Replacing references by the content that the context holds by now.
extension Evaluator {
    func content(of value: Value) throws(EvaluationFault) -> Value {
        guard case .ref(let ref) = value else { return value }
        guard let content = context.content(of: ref) else { throw .needs([ref]) }
        guard case .ref = content else { return content }
        throw .needs([ref])
    }

    /// Asks for all that is missing at once.
    func contents(of values: [Value]) throws(EvaluationFault) -> [Value] {
        var missing = MissingRefs()
        let contents = values.map { shallow($0, &missing) }
        guard missing.refs.isEmpty else { throw .needs(missing.refs) }
        return contents
    }

    /// Also replaces what lies within lists and maps. Those without references keep their identity.
    func deepContents(of values: [Value]) throws(EvaluationFault) -> [Value] {
        var missing = MissingRefs()
        let contents = values.map { deep($0, &missing) }
        guard missing.refs.isEmpty else { throw .needs(missing.refs) }
        return contents
    }

    private func shallow(_ value: Value, _ missing: inout MissingRefs) -> Value {
        guard case .ref(let ref) = value else { return value }
        if let content = context.content(of: ref), !content.isRef { return content }
        missing.add(ref)
        return .null
    }

    private func deep(_ value: Value, _ missing: inout MissingRefs) -> Value {
        guard value.hasRefs else { return value }
        switch value {
        case .ref(let ref):
            if let content = context.content(of: ref), !content.hasRefs { return content }
            missing.add(ref)
            return .null
        case .array(let elements): return .array(ValueArray(elements.map { deep($0, &missing) }, isFiltered: elements.isFiltered))
        case .object(let members): return .object(ValueObject(members.map { ($0.key, deep($0.value, &missing)) }))
        default: return value
        }
    }
}

extension Value {
    fileprivate var isRef: Bool { if case .ref = self { true } else { false } }
}

/// Each reference once, in the order in which they were met.
private struct MissingRefs {
    private(set) var refs: [ValueRef] = []
    private var seen: Set<ValueRef> = []

    mutating func add(_ ref: ValueRef) {
        if seen.insert(ref).inserted { refs.append(ref) }
    }
}
