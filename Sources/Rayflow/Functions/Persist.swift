/// Whether the result of a task in a durable run is kept on disk.
public struct Persist: Sendable, Hashable {
    package enum Rule: Sendable, Hashable { case auto, always, never }
    package let rule: Rule

    /// Kept when recomputing it would cost more than writing it: the default.
    public static let auto = Self(rule: .auto)
    public static let always = Self(rule: .always)
    /// Recomputed when a resumed run needs it.
    public static let never = Self(rule: .never)
}
