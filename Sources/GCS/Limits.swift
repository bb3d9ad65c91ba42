/// Every bound of the GCS, with its unit.
package enum Limits {
    /// Dead nodes, ended jobs, lost workers and dead actors that are remembered; the oldest is forgotten first.
    package static let deadNodes = 1_000
    package static let endedJobs = 10_000
    package static let lostWorkers = 10_000
    package static let deadActors = 10_000
    /// Reports of resources are passed on to the other nodes at most that often.
    package static let broadcastNS: UInt64 = 20_000_000
    /// A raylet whose connection broke has that long to come back until its node is declared dead.
    package static let nodeGraceNS: UInt64 = 10_000_000_000
    /// The same for a driver, until its job ends.
    package static let driverGraceNS: UInt64 = 5_000_000_000
    /// Who asks for an actor that is not known is told after that long that there is none: its registration may be under way on another
    /// connection.
    package static let unknownActorNS: UInt64 = 1_000_000_000
    /// Processes that ask for one actor that is not known.
    package static let unknownActorSubscribers = 10_000
    /// An actor that is to end has that long to run the calls that it has; then its process is killed.
    package static let gentleEndNS: UInt64 = 30_000_000_000
    /// Pause before the second start in a row of an actor that never came to life; it doubles with each further one.
    package static let firstRestartNS: UInt64 = 100_000_000
    package static let longestRestartNS: UInt64 = 10_000_000_000
}
