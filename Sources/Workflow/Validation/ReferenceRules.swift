/// Which contexts expressions may use where.
enum ReferenceRules {
    /// Those that work in this version.
    static let supported: Set<String> = ["inputs", "steps", "needs", "item", "item-index", "item-key", "run", "attempt", "env"]
    /// Those that the language has besides.
    static let planned: Set<String> = ["matrix", "loop", "actors", "secrets", "status"]
    static let contexts = supported.union(planned)
}
