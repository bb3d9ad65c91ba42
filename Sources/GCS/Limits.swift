/// Every bound of the GCS, with its unit.
package enum Limits {
    /// Dead nodes, ended jobs, lost workers and dead actors that are remembered; the oldest is forgotten first.
    package static let deadNodes = 1_000
    package static let endedJobs = 10_000
    package static let lostWorkers = 100_000
    package static let deadActors = 100_000
    /// Reports of resources are passed on to the other nodes at most that often.
    package static let broadcastNS: UInt64 = 20_000_000
    /// A raylet whose connection broke has that long to come back until its node is declared dead.
    package static let nodeGraceNS: UInt64 = 10_000_000_000
    /// The same for a driver, until its job ends.
    package static let driverGraceNS: UInt64 = 5_000_000_000
    /// The same for a process that has made actors, until these end.
    package static let ownerGraceNS: UInt64 = 2_000_000_000
    /// A constructor is pushed again that long after the connection to its worker broke, unless its raylet reports the end of the process.
    package static let pushAgainNS: UInt64 = 200_000_000
    /// Who asks for an actor that is not known is told after that long that there is none: its registration may be under way on another
    /// connection.
    package static let unknownActorNS: UInt64 = 1_000_000_000
    /// Processes that ask for one actor that is not known.
    package static let unknownActorSubscribers = 10_000
    /// Removed placement groups that are remembered.
    package static let removedGroups = 10_000
    /// Bundles of one placement group.
    package static let bundlesPerGroup = 10_000
    /// Placement groups that find no room are tried again that often, and answers that have not come are asked for again; besides, they
    /// are tried whenever resources come.
    package static let groupSweepNS: UInt64 = 500_000_000
    /// Of those that wait, at most so many are tried at a time: the others have their turn with the next event.
    package static let groupsTriedAtOnce = 64
    /// An actor that is to end has that long to run the calls that it has; then its process is killed.
    package static let gentleEndNS: UInt64 = 30_000_000_000
    /// Attempts of tasks of which events are kept; the oldest is forgotten first.
    package static let taskAttempts = 100_000
    package static let functions = 100_000
    /// After a restart of the GCS, raylets and drivers have that long to come back.
    package static let reconnectNS: UInt64 = 60_000_000_000
    /// Raylets are asked that often whether they are there; one that misses so many checks in a row is dead.
    package static let healthPeriodNS: UInt64 = 3_000_000_000
    package static let missedHealthChecks = 20
    /// Messages of a channel that are kept: a subscriber further behind reads everything again.
    package static let retainedMessages = 10_000
    package static let messagesAtOnce = 1_000
    package static let snapshotRows = 10_000
    /// Subscribers of one channel that wait for its next message.
    package static let parkedPolls = 10_000
    /// Rows of one answer.
    package static let listedRows = 10_000
    /// UTF-8 bytes of a key with its namespace, bytes of a value, and both of the whole key-value store.
    package static let keyBytes = 1_024
    package static let valueBytes = 1 << 20
    package static let keys = 100_000
    package static let keyValueBytes = 256 << 20
    /// A generation of a journal store is replaced when it is larger than this and holds mostly what is void.
    package static let storeBytes = 16 << 20
    static let storeBatchBytes = 256 << 10
    /// Pause before the second start in a row of an actor that never came to life; it doubles with each further one.
    package static let firstRestartNS: UInt64 = 100_000_000
    package static let longestRestartNS: UInt64 = 10_000_000_000
}
