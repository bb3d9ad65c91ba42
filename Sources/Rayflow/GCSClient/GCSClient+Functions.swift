package import GCS
import RayflowCore

extension Registry {
    /// What the GCS is told of this program: its functions, and the members of its actors as `Type.member`.
    package var functionRows: [FunctionRow] {
        var rows = functions.enumerated().map { index, function in
            FunctionRow(
                name: function.name, version: UInt32(clamping: function.declaration.version), signature: functionDigest(at: index),
                program: digest)
        }
        for type in actors {
            for (member, signature) in zip(type.members, type.digests) {
                rows.append(
                    FunctionRow(
                        name: "\(type.typeName).\(member.name)", version: UInt32(clamping: member.declaration.version),
                        signature: signature,
                        program: digest))
            }
        }
        return rows
    }
}

extension CoreWorker {
    /// Tells the GCS which code this program has, without waiting for its answer.
    package func register(_ registry: Registry) {
        let rows = registry.functionRows
        guard !rows.isEmpty else { return }
        Task { [weak self] in
            guard let self else { return }
            try? await GCSClient(self).register(rows)
        }
    }
}
