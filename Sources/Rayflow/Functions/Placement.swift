/// Where a task or an actor may run.
public struct Placement: Sendable, Hashable {
    package enum Rule: Sendable, Hashable {
        case pack
        case spread
        case node(String, soft: Bool)
        case labels([String: String])
    }
    package let rule: Rule

    /// Nodes are filled one after the other up to half, then shared out: the default.
    public static let pack = Self(rule: .pack)
    /// One node after the other.
    public static let spread = Self(rule: .spread)
    /// The node with this id (hexadecimal); with `soft`, another one when it is gone.
    public static func node(_ id: String, soft: Bool = false) -> Self { Self(rule: .node(id, soft: soft)) }
    /// Nodes that carry all of these labels.
    public static func labels(_ labels: [String: String]) -> Self { Self(rule: .labels(labels)) }
}
