package import ObjectStore

// Short of memory: a worker is ended before the kernel ends one, or the driver.
extension RayletInstance {
    /// Sets when the node counts as short of memory.
    package mutating func setMemoryRules(_ rules: MemoryMonitor.Rules) { memory.rules = rules }

    /// - Parameter activity: what a process shows that it does; nil when it cannot show it. Such a worker counts as one whose work began with its
    ///   lease and may not be done again.
    package mutating func memorySampled(
        _ sample: MemorySample, activity: (UInt64) -> ProcessActivity?, now: UInt64, into out: inout [RayletDirective]
    ) {
        guard memory.rules.isShort(used: sample.used, of: sample.total), memory.victim == nil else { return }
        let held = Dictionary(sample.processes.map { ($0.pid, $0.bytes) }) { first, _ in first }
        let candidates = workers.compactMap { process, worker -> MemoryMonitor.Candidate? in
            guard worker.killed == nil else { return nil }
            let bytes = held[worker.pid] ?? 0
            switch worker.state {
            case .starting, .dying: return nil
            case .idle(let since): return .init(process: process, since: since, isRetriable: true, isIdle: true, bytes: bytes)
            case .leased(let lease):
                switch activity(process) {
                case .idle: return nil  // between two tasks: the next look finds it at work or idle
                case .running(let since, let isRetriable):
                    return .init(process: process, since: since, isRetriable: isRetriable, bytes: bytes)
                case nil: return .init(process: process, since: leases[lease]?.arrived ?? now, isRetriable: false, bytes: bytes)
                }
            }
        }
        guard let choice = memory.choose(sample, among: candidates) else { return }
        counters.outOfMemory += 1
        if choice.isIdle {
            endUnleased(choice.process, .outOfMemory, into: &out)
        } else {
            // Its lease lasts until the process is gone: then its holder hears why.
            change(choice.process) { $0.killed = .outOfMemory }
            out.append(.killWorker(process: choice.process, .outOfMemory))
        }
    }
}
