/// How long an actor lives.
public struct ActorLifetime: Sendable, Hashable {
    package enum Rule: Sendable, Hashable { case counted, detached }
    package let rule: Rule

    /// Until the last handle is gone: the default.
    public static let counted = Self(rule: .counted)
    /// Until it is killed, also beyond the job. Needs a cluster of daemons.
    public static let detached = Self(rule: .detached)
}
