internal import CLinux
internal import Glibc
package import ObjectStore

/// Looks at the memory of the node and, when it is short, at who holds it.
package struct MemorySampler: Sendable {
    private let probe: MemoryProbe

    package init(_ probe: MemoryProbe = .system) { self.probe = probe }

    /// Reads files: not for an event loop.
    package func sample(_ rules: MemoryMonitor.Rules) -> MemorySample {
        let taken = rf_monotonic_ns()
        let memory = probe.memory()
        let total = UInt64(max(memory.total, 0)), available = UInt64(max(memory.available, 0))
        var sample = MemorySample(total: total, used: total > available ? total - available : 0, taken: taken)
        if rules.isShort(used: sample.used, of: total) { sample.processes = Self.holders() }
        return sample
    }

    static func holders() -> [MemorySample.Holder] {
        let pageSize = UInt64(sysconf(Int32(_SC_PAGESIZE)))
        let holders = ProcessTable.all().compactMap { pid -> MemorySample.Holder? in
            guard let pages = ProcessTable.privatePages(of: pid), pages > 0 else { return nil }
            return MemorySample.Holder(pid: UInt32(pid), name: "", bytes: pages * pageSize)
        }
        var sorted = holders.sorted { ($0.bytes, $0.pid) > ($1.bytes, $1.pid) }
        for index in sorted.indices.prefix(MemoryLimits.reportedProcesses) {
            sorted[index].name = ProcessTable.name(of: Int32(sorted[index].pid)) ?? "process"
        }
        return sorted
    }
}
