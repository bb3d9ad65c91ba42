/// A path that is not what the workflow says it is, as written and as resolved.
package struct FileFault: Error, Hashable, Sendable, CustomStringConvertible {
    package var what: String
    package var written: String
    package var resolved: String

    package var description: String { written == resolved ? "\(what): '\(written)'" : "\(what): '\(written)' (resolved to '\(resolved)')" }
}
