package import RayflowCore

/// The answer to a request for room.
package enum CreateResult: Sendable, Hashable {
    /// The client may write here until it seals or aborts.
    case granted(ObjectPlace)
    /// A slab has to be populated first; `StoreDirective.wake` brings the answer.
    case pending(ticket: UInt64)
    case exists(ObjectPlace, isSealed: Bool)
    case full(StoreFullReport)
}
