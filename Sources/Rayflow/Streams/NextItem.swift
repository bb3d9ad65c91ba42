package import RayflowCore

/// What the next item of a stream turned out to be.
package enum NextItem: Sendable {
    /// With one count for the caller.
    case item(ObjectID)
    /// The task has failed, after the items before.
    case failed(ErrorRecord)
    case ended
}
