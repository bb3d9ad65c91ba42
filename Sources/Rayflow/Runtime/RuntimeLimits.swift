/// Every bound of the shells, with its unit.
package enum RuntimeLimits {
    /// Values up to this many bytes travel inside messages; larger ones lie in shared memory.
    package static let inlineBytes = 100 * 1024
    package static let ioThreads = 2
    /// The same for an argument of a detached actor's constructor, which the GCS keeps.
    package static let detachedBytes = 16 << 20
    /// Threads of one actor, whatever its concurrency; further calls that have started wait for one.
    package static let actorThreads = 1024
    /// A task that has waited that long gives its CPU back.
    package static let blockedAfterNS: UInt64 = 2_000_000
    /// Tasks that wait in a worker behind one that has run this long go back to their owners.
    package static let lineWaitNS: UInt64 = 1_000_000
    /// How long the end of a cluster waits for the last words of its parts, in nanoseconds.
    package static let shutDownNS: UInt64 = 5_000_000_000
    /// Bytes of finished children that travel with a task that runs again.
    package static let historyBytes = 1 << 20
}
