/// Why an object whose copies are all gone could not be made again, or why an actor has ended. Open: later versions add reasons.
public struct LossReason: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
    public var rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public var description: String { rawValue }

    /// Its task has used up its retries; each time that an object is made again counts as one.
    public static let maxAttempts = Self(rawValue: "MAX_ATTEMPTS_EXCEEDED")
    /// Its task may not run twice (`maxRetries: 0`, an actor without `maxTaskRetries`, a task with effects outside), or cannot (streams).
    public static let retriesDisabled = Self(rawValue: "RETRIES_DISABLED")
    /// What would be needed to run its task again was more than the owner keeps.
    public static let lineageEvicted = Self(rawValue: "LINEAGE_EVICTED")
    /// It was put, not computed.
    public static let put = Self(rawValue: "PUT")
    /// The process that made it has handed it over, and with that nobody knows how it was made.
    public static let borrowed = Self(rawValue: "BORROWED")
    /// Its owner has no such object any more: every ref that was counted is gone. Of an actor: every handle, and every result that it could
    /// have been started again for.
    public static let refDeleted = Self(rawValue: "REF_DELETED")
    /// The last handle of the actor is gone. It is started again when a result of it that is lost can be made again.
    public static let outOfScope = Self(rawValue: "OUT_OF_SCOPE")
    /// There may be copies, but the nodes that have them do not answer. A later read may succeed.
    public static let fetchTimedOut = Self(rawValue: "FETCH_TIMED_OUT")
}
