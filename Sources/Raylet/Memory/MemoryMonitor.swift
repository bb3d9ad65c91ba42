/// Decides when a node is short of memory and which of its workers is ended for it, before the kernel chooses one. Without IO.
///
/// As Ray's memory monitor does: the worker whose work began last goes first, and one whose work may not be done again only when there is no
/// other. Before any of them goes an idle worker that still holds much. One at a time: the next choice is made on a sample that was taken
/// after the end of the last victim.
package struct MemoryMonitor: Sendable {
    package struct Rules: Hashable, Sendable {
        /// Part of the memory, from 0 to 1, above whose use a worker is ended; nil: ``MemoryLimits/usageThreshold``, with no more than
        /// ``MemoryLimits/mostKeptFree`` kept free.
        package var usageThreshold: Double?

        package init(usageThreshold: Double? = nil) { self.usageThreshold = usageThreshold }

        /// Bytes that may be in use.
        package func threshold(of total: UInt64) -> UInt64 {
            guard let usageThreshold else {
                let share = UInt64(Double(total) * MemoryLimits.usageThreshold)
                return total > MemoryLimits.mostKeptFree ? max(share, total - MemoryLimits.mostKeptFree) : share
            }
            return UInt64(Double(total) * min(max(usageThreshold, 0), 1))
        }

        /// Whether so little is left that a worker has to go. Never where the system does not say how much there is.
        package func isShort(used: UInt64, of total: UInt64) -> Bool { total > 0 && used > threshold(of: total) }
    }

    /// A worker that might be ended.
    struct Candidate: Hashable, Sendable {
        var process: UInt64
        /// Monotonic nanoseconds: when its work began.
        var since: UInt64
        var isRetriable: Bool
        /// Nothing runs in it.
        var isIdle = false
        /// Of its own, without what it shares with others.
        var bytes: UInt64
    }

    var rules = Rules()
    /// The worker that is being ended, and the sample that it was chosen by.
    private(set) var victim: (process: UInt64, report: String)?
    /// The end of the last victim, in monotonic nanoseconds.
    private var lastEnd: UInt64 = 0

    /// The worker to be ended now, if any. Its end is told by ``workerGone(_:now:)``.
    mutating func choose(_ sample: MemorySample, among candidates: [Candidate]) -> Candidate? {
        guard victim == nil, sample.taken >= lastEnd, rules.isShort(used: sample.used, of: sample.total) else { return nil }
        let choice =
            candidates.filter { $0.isIdle && $0.bytes >= MemoryLimits.idleWorkerBytes }.max {
                ($0.bytes, $0.process) < ($1.bytes, $1.process)
            }
            ?? candidates.filter { !$0.isIdle }.max { a, b in
                a.isRetriable == b.isRetriable ? (a.since, a.process) < (b.since, b.process) : b.isRetriable
            }
        guard let choice else { return nil }
        victim = (choice.process, report(sample, choice))
        return choice
    }

    /// - Returns: for the victim, why it was ended.
    mutating func workerGone(_ process: UInt64, now: UInt64) -> String? {
        guard let victim, victim.process == process else { return nil }
        self.victim = nil
        lastEnd = now
        return victim.report
    }

    private func report(_ sample: MemorySample, _ choice: Candidate) -> String {
        let why =
            choice.isIdle
            ? "it was idle"
            : choice.isRetriable ? "its work began last" : "its work began last, and nothing that runs here can be done again"
        let most = sample.processes.prefix(MemoryLimits.reportedProcesses)
            .map { "\($0.name) \($0.pid): \(Self.text($0.bytes))" }.joined(separator: ", ")
        return "the node runs out of memory: \(Self.text(sample.used)) of \(Self.text(sample.total)) are in use, more than "
            + "\(Self.text(rules.threshold(of: sample.total))); the worker held \(Self.text(choice.bytes)) and was chosen because \(why)"
            + (most.isEmpty ? "" : ". Most memory is held by \(most)")
            + ". Ask for memory: or more cpus: in the options, so that fewer tasks run at a time"
    }

    /// With one digit after the point, in the largest unit that leaves a whole number.
    static func text(_ bytes: UInt64) -> String {
        for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] where bytes >> UInt64(shift) > 0 {
            let tenths = Double(bytes) / Double(UInt64(1) << UInt64(shift)) * 10
            return "\(UInt64(tenths) / 10).\(UInt64(tenths) % 10) \(unit)"
        }
        return "\(bytes) B"
    }
}

/// What is known of a node's memory at one moment. In bytes.
package struct MemorySample: Sendable, Hashable {
    package struct Holder: Sendable, Hashable {
        package var pid: UInt32
        package var name: String
        /// Resident and not shared with others.
        package var bytes: UInt64
        package init(pid: UInt32, name: String, bytes: UInt64) {
            self.pid = pid
            self.name = name
            self.bytes = bytes
        }
    }

    package var total: UInt64
    package var used: UInt64
    /// Monotonic nanoseconds: before the first look.
    package var taken: UInt64
    /// All processes that can be seen, the largest first; empty while there is memory enough.
    package var processes: [Holder]

    package init(total: UInt64, used: UInt64, taken: UInt64, processes: [Holder] = []) {
        self.total = total
        self.used = used
        self.taken = taken
        self.processes = processes
    }
}

/// Every bound of the memory monitor, with its unit.
package enum MemoryLimits {
    /// Part of the memory that may be in use.
    package static let usageThreshold = 0.95
    /// Bytes: on a large machine that much free memory is enough.
    package static let mostKeptFree: UInt64 = 3 << 30
    /// Time between two looks.
    package static let refreshNS: UInt64 = 250_000_000
    /// Bytes of its own above which an idle worker is ended before one that works.
    package static let idleWorkerBytes: UInt64 = 64 << 20
    /// Processes that an error names.
    package static let reportedProcesses = 10
}
