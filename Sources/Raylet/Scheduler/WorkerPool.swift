package import RayflowCore

/// What can serve one another's requests: workers of one job with one environment.
package struct WorkerPoolKey: Hashable, Sendable, Comparable {
    package var job: JobID
    package var environment: RuntimeEnvironment

    package init(job: JobID, environment: RuntimeEnvironment = .none) {
        self.job = job
        self.environment = environment
    }

    package static func < (a: Self, b: Self) -> Bool {
        a.job == b.job ? a.environment < b.environment : a.job.value < b.job.value
    }
}

/// What there is of workers of one job and environment for its tasks. Dedicated and dying processes, and those with GPUs, are not counted.
struct WorkerPool: Hashable, Sendable {
    /// The worker that was used last comes last and is taken first: its memory is warm, and the others age.
    var idle: [UInt64] = []
    var starting = 0
    var members = 0
    var blocked = 0
    /// Processes that died before they registered, since the last that did register.
    var failures = 0

    var isEmpty: Bool { idle.isEmpty && starting == 0 && members == 0 && blocked == 0 && failures == 0 }

    mutating func count(_ process: UInt64, _ worker: WorkerEntry, _ step: Int) {
        guard worker.dedicated == nil, worker.devices.isEmpty, !worker.isDying else { return }
        members += step
        if worker.isBlocked { blocked += step }
        switch worker.state {
        case .starting: starting += step
        case .idle:
            if step > 0 { idle.append(process) } else { idle.removeAll { $0 == process } }
        case .leased, .dying: break
        }
    }
}

/// The delay before a pool whose workers are all blocked gets a further one.
struct WorkerPace: Hashable, Sendable {
    var delayNS = SchedulerLimits.firstFurtherWorkerNS
    var generation: UInt64
    var isArmed = false
    /// The wait is over: one worker may start.
    var isDue = false
}
