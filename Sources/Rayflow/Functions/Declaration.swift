package import RayflowCore

/// A remote function, constructor or method as declared: its name, version and place. Copies with other options share it, so its identity
/// is that of the declaration.
package final class Declaration: Sendable {
    package let signature: Signature
    package let version: Int
    package let fileID: String
    package let line: UInt

    package init(_ text: String, version: Int = 1, fileID: StaticString, line: UInt) {
        signature = Signature(text)
        self.version = version
        self.fileID = "\(fileID)"
        self.line = line
    }

    package var name: String { signature.name }
    package var place: String { "\(fileID):\(line)" }

    /// Whether another declaration object stands for the same lines of code: a computed property makes one at each use.
    package func isSameCode(as other: Declaration) -> Bool {
        line == other.line && name == other.name && version == other.version && fileID == other.fileID
    }

    /// Of the name, the version and the types: what is compared across processes and programs.
    package func digest(parameters: [String], results: [String]) -> Digest128 {
        var hasher = Digest128Hasher()
        hasher.update(name)
        hasher.update(UInt64(bitPattern: Int64(version)))
        for tags in [parameters, results, signature.labels ?? [], signature.results] {
            hasher.update(UInt64(tags.count))
            for tag in tags { hasher.update(tag) }
        }
        return hasher.digest
    }
}
