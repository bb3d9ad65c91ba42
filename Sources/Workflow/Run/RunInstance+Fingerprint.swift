internal import RayflowCore

/// What must be equal for a finished step to be used again.
extension RunInstance {
    private static let schema: UInt64 = 1

    /// The normalised body, what its expressions and its inputs came to, and what it needs.
    ///
    /// - Parameter resolved: the parts of the body that may have expressions, evaluated, in a fixed order.
    func fingerprint(_ step: RunStep, resolved: [Value], with: ValueObject, env: ValueObject) -> Digest128 {
        var hasher = Digest128Hasher()
        hasher.update(Self.schema)
        let body = step.spec.normalisedBody
        hasher.update(UInt64(body.count))
        hasher.update(body)
        if case .actor(let id, _) = step.spec.kind { hasher.update(workflow.actor(id)?.type ?? "") }
        hasher.update(UInt64(resolved.count))
        for value in resolved { update(&hasher, value) }
        update(&hasher, .object(with))
        update(&hasher, .object(env))
        hasher.update(UInt64(step.fingerprinted.count))
        for need in step.fingerprinted { hasher.update(steps[need].fingerprint) }
        return hasher.digest
    }

    /// Canonical: members of maps count in the order of their keys, files by what tells their contents apart, objects by how they came
    /// about.
    private func update(_ hasher: inout Digest128Hasher, _ value: Value) {
        switch value {
        case .ref(let ref):
            hasher.update(1)
            hasher.update(refDigests[ref] ?? "")
        case .file(let path):
            let resolved = facts.resolve(path)
            hasher.update(2)
            hasher.update(path)
            hasher.update(fileIdentities[resolved] ?? facts.identity(ofFile: resolved) ?? "")
        case .array(let elements):
            hasher.update(3)
            hasher.update(UInt64(elements.count))
            for element in elements { update(&hasher, element) }
        case .object(let members):
            hasher.update(4)
            hasher.update(UInt64(members.count))
            for member in members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                hasher.update(member.key)
                update(&hasher, member.value)
            }
        case .null, .bool, .number, .string:
            hasher.update(0)
            hasher.update(value.plainJSON.canonical)
            hasher.update(5)
        }
    }

    /// Whether anybody may still ask for the object.
    func knows(_ ref: ValueRef) -> Bool { refDigests[ref] != nil }

    /// Of outputs that are values.
    func digest(_ value: Value) -> String {
        var hasher = Digest128Hasher()
        update(&hasher, value)
        return hasher.digest.description
    }
}

extension Digest128 {
    var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.digest(self)
        return writer.bytes
    }
}
