/// A whole cluster in one thread, drawn from a seed: production GCS, raylets and owners on a virtual clock, joined by a network that delays,
/// duplicates and reorders encoded frames, with processes and nodes that crash.
///
///     let report = Simulation.run(seed: 123)
///     if !report.faults.isEmpty { print(report) }
///
/// The same seed gives the same events, in any process that hashes deterministically (`SWIFT_DETERMINISTIC_HASHING=1`) and, as long as no
/// Instance depends on the order of a dictionary, in every other.
public enum Simulation {
    /// What one seed gave.
    public struct Report: Sendable, CustomStringConvertible {
        public let seed: UInt64
        /// What did not hold, in the order found; empty when all is well.
        public let faults: [String]
        /// The last events before the first fault, the latest last.
        public let lastEvents: [String]
        /// Rare branches that the seed has reached, with how often.
        public let probes: [String: Int]
        /// Frames, timers and crashes.
        public let events: Int
        /// Virtual nanoseconds.
        public let elapsedNS: UInt64
        /// Messages that the GCS has received.
        public let gcsMessages: Int
        /// Frames that could have been lost.
        public let frames: Int
        /// Equal for equal runs.
        public let digest: UInt64

        public var description: String {
            let head = "seed \(seed): \(events) events in \(elapsedNS / 1_000_000) virtual ms, digest \(digest)"
            return ([head] + lastEvents.map { "  " + $0 } + faults.map { "FAULT " + $0 }).joined(separator: "\n")
        }
    }

    /// Runs one seed until nothing happens any more, or until the first thing that does not hold.
    public static func run(seed: UInt64) -> Report { SimulatedWorld(seed: seed).run() }

    /// The same seed with a GCS that dies at the `message`th message that it receives, and with no other death of it.
    ///
    /// - Parameters:
    ///   - message: counted from 1; nil or more than there are: it lives on.
    ///   - isSilent: what it has decided at that message is written, and nobody hears of it; otherwise what it sends is still under way.
    public static func run(seed: UInt64, gcsDiesAt message: Int?, isSilent: Bool = false) -> Report {
        let deaths = message.map { [SimulatedGCS.Death(message: $0, isSilent: isSilent, downtimeNS: SimulationLimits.gcsDowntimeNS)] }
        return SimulatedWorld(seed: seed, gcsDeaths: deaths ?? []).run()
    }

    /// The same seed with one frame lost, with its connection, instead of those that the seed draws.
    ///
    /// - Parameter frame: counted from 1; 0 or more than there are: none.
    public static func run(seed: UInt64, losing frame: Int) -> Report { SimulatedWorld(seed: seed, losing: frame).run() }

    /// What a range of seeds gave together.
    public struct Summary: Sendable {
        public internal(set) var seeds = 0
        public internal(set) var events = 0
        public internal(set) var failed: [Report] = []
        public internal(set) var probes: [String: Int] = [:]
        /// Rare branches that no seed has reached.
        public var missed: [String] { Probe.allCases.map(\.rawValue).filter { probes[$0] == nil } }
    }

    /// Runs many seeds one after the other; stops after ``SimulationLimits/reportedFailures`` that failed.
    ///
    /// - Parameter progress: called after each seed.
    public static func run(seeds: some Sequence<UInt64>, progress: (Report) -> Void = { _ in }) -> Summary {
        var summary = Summary()
        for seed in seeds {
            let report = run(seed: seed)
            progress(report)
            summary.seeds += 1
            summary.events += report.events
            summary.probes.merge(report.probes, uniquingKeysWith: +)
            if !report.faults.isEmpty { summary.failed.append(report) }
            if summary.failed.count == SimulationLimits.reportedFailures { break }
        }
        return summary
    }
}
