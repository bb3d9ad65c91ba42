/// Every bound of the owner side, with its unit.
package enum Limits {
    /// Tasks that one owner may have pending; a submission beyond returns failed refs.
    package static let pendingTasks = 4_000_000
    /// Lease requests that one scheduling key keeps open at its raylet.
    package static let openLeaseRequests = 16
    /// An idle lease is kept that long while nobody else waits.
    package static let idleLeaseNS: UInt64 = 10_000_000
    /// Tasks are pushed behind one that runs while what is ahead of them takes less than this, by the mean duration of their functions.
    package static let pushedAheadNS: UInt64 = 1_000_000
    /// Tasks that one lease has at most.
    package static let tasksPerLease = 128
    /// Removed placement groups that an owner remembers at least.
    package static let removedGroups = 1_000
    /// When a node with bundles cannot be reached, the GCS is asked after that long where they are.
    package static let doubtedGroupNS: UInt64 = 100_000_000
    /// First pause before a task is tried again after a system failure; it doubles with each further one.
    package static let firstRetryNS: UInt64 = 10_000_000
    package static let longestRetryNS: UInt64 = 5_000_000_000
    /// The same after a worker was ended because its node was short of memory.
    package static let firstOutOfMemoryRetryNS: UInt64 = 1_000_000_000
    package static let longestOutOfMemoryRetryNS: UInt64 = 60_000_000_000
    /// Retries of a task whose worker was ended for its memory, unless the cluster was started with another number; -1: without limit.
    package static let outOfMemoryRetries: Int32 = -1
    /// Pause before a lost GCS is asked again for what it owes.
    package static let gcsRetryNS: UInt64 = 200_000_000
    /// Kills that are kept until the GCS has answered them, and removals of placement groups.
    package static let keptKills = 10_000
    /// Calls of one caller to one actor that may wait for the actor or be in flight.
    package static let pendingActorCalls = 1_000_000
    /// How long an actor that leaves waits for its callers to have its last answers.
    package static let exitNS: UInt64 = 1_000_000_000
    /// How long the owner waits for the GCS to hear of the end of a process before it takes a broken connection for no more than that.
    package static let brokenActorNS: UInt64 = 1_000_000_000
    /// How long the owner waits for a raylet to report the end of a worker before it takes a broken connection for no more than that.
    package static let brokenLeaseNS: UInt64 = 1_000_000_000
    /// Bytes of finished tasks that one owner keeps, to run them again when their results are lost.
    package static let lineageBytes = 256 << 20
    /// Pause before the home raylet is asked again for what was asked of a node that is gone.
    package static let askAgainNS: UInt64 = 100_000_000
    /// A peer whose connection broke is asked again after ``askAgainNS``. When so many connections in a row broke without a word from it, it
    /// counts as gone.
    package static let brokenInARow = 3
    /// What becomes of tasks is told to the GCS that often.
    package static let taskEventsNS: UInt64 = 500_000_000
    /// Tasks that are told of for the first time in one such report; what becomes of others is left out, and counted.
    package static let newlyReportedTasks = 500
    /// Events in one report.
    package static let heldTaskEvents = 10_000
    /// How long a borrower whose connection was lost has to say again what it keeps.
    package static let doubtedBorrowerNS: UInt64 = 1_000_000_000
    /// Attempts that an executor remembers to have started.
    package static let startedTasks = 1_024
    /// Borrowers, tasks and values that are named for one object in a report on memory; all are counted.
    package static let namedHolders = 8
}
