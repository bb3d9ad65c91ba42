package import RayflowCore

/// The table of jobs: which driver stands behind each, and whether it has ended.
package struct JobManager: Sendable {
    package struct Job: Hashable, Sendable {
        package var job: JobID
        package var driver: Address?
        /// Monotonic nanoseconds.
        package var started: UInt64
        package var ended: UInt64?
        var generation: UInt64 = 0
        var isSuspected = false
        /// As it was last stored and published.
        var told: JobRow?
    }

    var jobs = Tracked<JobID, Job>()
    private var history: BoundedHistory<JobID>

    init(remembered: Int) { history = BoundedHistory(limit: remembered) }

    /// By job id.
    package var all: [Job] { jobs.values.sorted { $0.job.value < $1.job.value } }
    func driver(of job: JobID) -> Address? { jobs[job]?.driver }
    func hasEnded(_ job: JobID) -> Bool { jobs[job]?.ended != nil }

    mutating func started(_ job: JobID, driver: Address?, now: UInt64) {
        guard var known = jobs[job] else {
            jobs[job] = Job(job: job, driver: driver, started: now)
            return
        }
        guard known.ended == nil else { return }
        if let driver {
            known.driver = driver
            known.isSuspected = false
            known.generation += 1
            jobs[job] = known
        }
    }

    /// - Returns: whether the process is a driver; its job then ends unless it comes back in time.
    mutating func connectionLost(_ peer: Address, into out: inout [GCSDirective]) -> Bool {
        var isDriver = false
        for job in all where job.driver == peer && job.ended == nil {
            isDriver = true
            jobs[job.job]?.isSuspected = true
            jobs[job.job]?.generation += 1
            out.append(.startTimer(.driverGone(job.job, generation: job.generation + 1), afterNS: Limits.driverGraceNS))
        }
        return isDriver
    }

    func isGone(_ job: JobID, generation: UInt64) -> Bool {
        guard let job = jobs[job] else { return false }
        return job.ended == nil && job.isSuspected && job.generation == generation
    }

    /// - Returns: false when it has ended before.
    mutating func end(_ id: JobID, now: UInt64) -> Bool {
        var job = jobs[id] ?? Job(job: id, driver: nil, started: now)
        guard job.ended == nil else { return false }
        job.ended = now
        jobs[id] = job
        remember(ended: id)
        return true
    }

    mutating func remember(ended id: JobID) {
        if let forgotten = history.append(id) { jobs.removeValue(forKey: forgotten) }
    }
}
