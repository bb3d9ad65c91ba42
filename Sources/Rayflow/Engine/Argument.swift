package import RayflowCore

/// One argument of a submission, encoded.
package indirect enum Argument: Sendable, Hashable {
    /// A value; the refs nested in it are borrowed.
    case value(Payload)
    /// A dependency: the task starts when the object is ready and receives its value.
    case ref(ObjectID)
    /// An array made of values and dependencies: received as one array.
    case gather([Argument])
}

extension Argument {
    /// Adds the canonical form to a digest: a ref, top-level or nested, counts by what it is (its lineage), never by execution, bytes or owner.
    package func digest(into hasher: inout Digest128Hasher, lineageOf: (ObjectID) -> LineageID) {
        switch self {
        case .value(let payload):
            hasher.update(0)
            payload.digest(into: &hasher, lineageOf: lineageOf)
        case .ref(let id):
            hasher.update(1)
            hasher.update(lineageOf(id))
        case .gather(let parts):
            hasher.update(2)
            hasher.update(UInt64(parts.count))
            for part in parts { part.digest(into: &hasher, lineageOf: lineageOf) }
        }
    }
}

extension Payload {
    /// Adds the canonical form to a digest. The bytes hold no identities, so they count as they stand.
    package func digest(into hasher: inout Digest128Hasher, lineageOf: (ObjectID) -> LineageID) {
        hasher.update(UInt64(form.rawValue))
        hasher.update(type)
        hasher.update(UInt64(bytes.count))
        hasher.update(bytes)
        hasher.update(UInt64(refs.count))
        for ref in refs { hasher.update(lineageOf(ref)) }
    }
}
