/// Every bound of transfers between nodes, with its unit.
package enum TransferLimits {
    /// Bytes of objects that are on their way to a node at the same time. The most urgent one comes in any case.
    package static let incomingBytes = 256 << 20
    /// Of the store's size, the percentage that ``incomingBytes`` takes at most.
    package static let incomingPercent = 50
    /// Bytes of chunks that a node has sent, or is packing, and that are not in their places yet.
    package static let outgoingBytes = 128 << 20
    /// Of these, bytes of one object for one node: a slow receiver must not keep the others waiting.
    package static let windowBytes = 20 << 20
    /// Copies of one object that a node sends at a time; who asks meanwhile is told where they go. Of small objects more: as many as make
    /// ``copyBytes`` together, at most ``mostCopiesAtOnce``.
    package static let copiesAtOnce = 2
    package static let copyBytes = 32 << 20
    package static let mostCopiesAtOnce = 64
    /// Bytes of one object: what a peer says beyond is not believed, and sums of sizes stay numbers.
    package static let objectBytes = 1 << 48
    /// Copies of all objects that a node sends at a time, and as many that may wait to come back from colder tiers.
    package static let pushes = 4_096
    /// Entries of a line that are out of date, beside as many as wait there, until they are taken out.
    package static let staleEntries = 64
    /// Seconds after which a receiver that takes nothing of what was sent counts as gone.
    package static let pushSilenceTicks = 30
    /// Seconds that an object stays ready for those who were told to ask again: longer than ``longestPauseNS``.
    package static let keptTicks = 4
    /// How long a source may be silent in the middle of a transfer until another is asked.
    package static let silenceNS: UInt64 = 10_000_000_000
    /// Looks for silence in that time: it is noticed that much of it too late, at most.
    package static let silenceLooks = 10
    /// Pause before a source whose connection broke is asked again.
    package static let brokenSourceNS: UInt64 = 50_000_000
    /// Damaged chunks of one object from one source that are asked for again; with the next one its copy counts as lost.
    package static let faultyChunks = 4
    /// How long a reader waits for the seal of an object that its owner has announced already.
    package static let sealWaitNS: UInt64 = 2_000_000_000
    /// Pause when every source has refused for now; it doubles each time, up to the longest.
    package static let firstPauseNS: UInt64 = 20_000_000
    package static let longestPauseNS: UInt64 = 1_000_000_000
    /// Pauses without a byte in between, about a minute; then the object counts as out of reach.
    package static let pauses = 64
    /// Objects that are wanted on a node at the same time; further ones are refused.
    package static let wanted = 1 << 20
    /// Nodes that are known to have one object; further ones are not asked.
    package static let sources = 256
    /// Stretches of missing chunks that are named in a request; beyond, what lies between them is sent again.
    package static let missingStretches = 256
}
