package import RayflowCore

/// What an owner keeps of a task that gives items while it runs.
///
/// The row of the item that comes next always exists, unfinished, until the stream ends: whoever waits for it waits as for any object.
struct StreamState: Sendable {
    let window: UInt32
    let lineage: LineageID
    /// Items that have arrived, of whichever attempt: the next has this number.
    var received: UInt32 = 0
    /// Items that the consumer has.
    var taken: UInt32 = 0
    /// What the producer was told of `taken`.
    var acknowledged: UInt32 = 0
    var producer: Address?
    var attempt: Attempt?
    /// Nobody reads it any more.
    var isClosed = false
    var isEnded = false
}

/// What the next step of a stream's consumer is.
package enum StreamStep: Hashable, Sendable {
    /// One reference to it is the caller's.
    case item(ObjectID)
    case waits(for: ObjectID)
    /// The first result of the task says how it ended.
    case ended
}
