package import RayflowCore

/// The answer to a request for room.
package enum CreateResult: Sendable, Hashable {
    /// The client may write here until it seals or aborts.
    case granted(ObjectPlace)
    /// Room has to be made first; `StoreDirective.wake` brings the answer.
    case pending(ticket: UInt64)
    case exists(isSealed: Bool)
    case full(StoreFullReport)
}

/// The answer to a request to read.
package enum OpenResult: Sendable, Hashable {
    /// Readable here, and pinned for the client.
    case pinned(ObjectPlace)
    /// It comes back from a colder tier; `StoreDirective.opened` brings the answer.
    case pending(ticket: UInt64)
    /// There is no room to bring it back.
    case full(StoreFullReport)
    /// This node has no copy any more, and why.
    case lost(String)
}
