/// Every bound of the shells, with its unit.
package enum RuntimeLimits {
    /// How long a raylet may take to say why a request waits.
    static let explainNS: UInt64 = 1_000_000_000
    /// Places of jobs of an ``IOPool`` that were taken, beside as many as wait, until they are used again.
    static let takenJobs = 64
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
    /// A question that the GCS has not answered is asked again after that long, until its time is over.
    package static let gcsResendNS: UInt64 = 1_000_000_000
    /// How long the GCS is waited for where the caller does not say.
    package static let gcsTimeout = Duration.seconds(60)
    /// How long nodes, then processes, and the GCS before and after them may take to answer for a report on memory: together less than what
    /// the command line waits.
    package static let inspection = Duration.milliseconds(1_500)
    static let inspectionOfGCS = Duration.milliseconds(700)
    /// Processes that are asked at the same time.
    static let inspectedAtOnce = 32
    /// A subscriber that hears nothing asks again after that long, in case its question or the answer was lost.
    package static let pollAgainNS: UInt64 = 10_000_000_000
    package static let pollRetryNS: UInt64 = 200_000_000
    /// Events of tasks that wait to be reported, and how often they are.
    package static let taskEvents = 10_000
    package static let taskEventsNS: UInt64 = 1_000_000_000
    /// Bytes of finished children that travel with a task that runs again.
    package static let historyBytes = 1 << 20
}
