/// The bounds of a workflow file.
package enum YAMLLimits {
    /// Bytes of a file.
    package static let fileBytes = 16 << 20
    /// Maps and lists inside one another, with what aliases bring in.
    package static let depth = 64
    /// Nodes of a document after its aliases and merges are expanded: nine lists of nine aliases each are a bomb.
    package static let nodes = 1_000_000
}
