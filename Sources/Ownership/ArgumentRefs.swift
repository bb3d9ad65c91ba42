package import RayflowCore

extension TaskArgument {
    /// The refs that the task waits for: top-level ones, and the parts of gathered lists.
    func collect(into refs: inout [ObjectID]) {
        switch self {
        case .value: break
        case .ref(let id, _): refs.append(id)
        case .gather(let parts): for part in parts { part.collect(into: &refs) }
        }
    }

    /// The refs that only travel along inside a value.
    var nestedRefs: [ObjectID] {
        switch self {
        case .value(let enclosed): enclosed.payload.refs
        case .ref: []
        case .gather(let parts): parts.flatMap(\.nestedRefs)
        }
    }

    func owner(of id: ObjectID) -> Address? {
        switch self {
        case .value: nil
        case .ref(let ref, let owner): ref == id ? owner : nil
        case .gather(let parts): parts.lazy.compactMap { $0.owner(of: id) }.first
        }
    }
}

extension TaskSpec {
    func ownerOfArgument(_ id: ObjectID) -> Address? { arguments.lazy.compactMap { $0.owner(of: id) }.first }
}

extension LineageID {
    /// The identity of one result of a submission.
    package func result(_ index: Int) -> LineageID {
        LineageID(high: high, low: low &+ (UInt64(index) &+ 1) &* 0x9E37_79B9_7F4A_7C15)
    }
}
