import Ownership
package import Raylet
package import RayflowCore

/// How a node keeps its workers from using up its memory, as Ray's memory monitor does: when too much is in use, the worker whose work began
/// last is ended, one whose work can be done again before others. Its task fails with `outOfMemory` or is tried again.
///
/// What is not given here comes from the environment of the driver (`RAYFLOW_MEMORY_USAGE_THRESHOLD`, `RAYFLOW_MEMORY_MONITOR_REFRESH_MS`,
/// `RAYFLOW_TASK_OOM_RETRIES`), and then is as Ray has it.
public struct MemoryMonitorOptions: Sendable, Hashable {
    /// Part of the memory, above 0 and up to 1, that may be in use: of the machine's, or of the cgroup's limit when that is less. nil: 0.95,
    /// with no more than 3 GiB kept free.
    public var usageThreshold: Double?
    /// Time between two looks; nil: 250 ms; zero: nobody looks.
    public var refresh: Duration?
    /// How often a task is tried again after the end of its worker for this reason. Not counted as one of its `maxRetries`; a task that has 0
    /// of these is not tried again. nil and -1: without limit.
    public var taskOOMRetries: Int?

    public init(usageThreshold: Double? = nil, refresh: Duration? = nil, taskOOMRetries: Int? = nil) {
        self.usageThreshold = usageThreshold
        self.refresh = refresh
        self.taskOOMRetries = taskOOMRetries
    }

    /// Without a monitor the kernel decides.
    public static let off = Self(refresh: .zero)
}

/// What the options come to.
package struct MemoryMonitorSettings: Sendable, Hashable {
    package var rules = MemoryMonitor.Rules()
    /// 0: nobody looks.
    package var refreshNS = MemoryLimits.refreshNS
    package var taskOOMRetries = Ownership.Limits.outOfMemoryRetries

    package init() {}

    /// - Parameter variable: the value of an environment variable.
    /// - Throws: `invalidArgument` that names the option or the variable.
    package init(
        _ options: MemoryMonitorOptions, variable: (String) -> String? = GivenOption.environment
    ) throws(RayflowError) {
        let threshold = try GivenOption.number(options.usageThreshold, "RAYFLOW_MEMORY_USAGE_THRESHOLD", variable) { Double($0) }
        if let threshold {
            guard threshold > 0, threshold <= 1 else {
                throw RayflowError(
                    .invalidArgument, "usageThreshold (RAYFLOW_MEMORY_USAGE_THRESHOLD): \(threshold) is not above 0 and up to 1")
            }
            rules.usageThreshold = threshold
        }
        if let refresh = options.refresh {
            guard refresh >= .zero, refresh <= .seconds(3600) else {
                throw RayflowError(.invalidArgument, "refresh of the memory monitor: \(refresh) is not between 0 and one hour")
            }
            let (seconds, attoseconds) = refresh.components
            refreshNS = UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
        } else if let milliseconds = try GivenOption.number(nil, "RAYFLOW_MEMORY_MONITOR_REFRESH_MS", variable, { UInt64($0) }) {
            guard milliseconds <= 3_600_000 else {
                throw RayflowError(.invalidArgument, "RAYFLOW_MEMORY_MONITOR_REFRESH_MS: \(milliseconds) is more than one hour")
            }
            refreshNS = milliseconds * 1_000_000
        }
        if let retries = try GivenOption.number(options.taskOOMRetries, "RAYFLOW_TASK_OOM_RETRIES", variable, { Int($0) }) {
            guard retries >= -1 else {
                throw RayflowError(
                    .invalidArgument, "taskOOMRetries (RAYFLOW_TASK_OOM_RETRIES): \(retries) is below -1, which is without limit")
            }
            taskOOMRetries = Int32(clamping: retries)
        }
    }
}
