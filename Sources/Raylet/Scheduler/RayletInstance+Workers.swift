import RayflowCore

// The worker pool: processes from spawn to exit.
extension RayletInstance {
    /// The one place where a worker changes, so that the counts of its pool are right.
    mutating func change(_ process: UInt64, _ body: (inout WorkerEntry) -> Void) {
        guard var worker = workers[process] else { return }
        let was = worker
        body(&worker)
        workers[process] = worker
        if (was.state == .starting) != (worker.state == .starting) { startingProcesses += worker.state == .starting ? 1 : -1 }
        recount(process, from: was, to: worker)
    }

    private mutating func recount(_ process: UInt64, from old: WorkerEntry?, to new: WorkerEntry?) {
        guard let key = (new ?? old)?.pool else { return }
        var pool = pools[key] ?? WorkerPool()
        if let old { pool.count(process, old, -1) }
        if let new { pool.count(process, new, 1) }
        pools[key] = pool.isEmpty ? nil : pool
    }

    @discardableResult
    mutating func spawn(
        _ pool: WorkerPoolKey, dedicated: LeaseID? = nil, devices: [UInt32] = [], into out: inout [RayletDirective]
    ) -> UInt64 {
        let process = nextProcess
        nextProcess += 1
        let worker = WorkerEntry(pool: pool, dedicated: dedicated, devices: devices)
        workers[process] = worker
        startingProcesses += 1
        recount(process, from: nil, to: worker)
        counters.spawned += 1
        out.append(.spawnWorker(process: process, job: pool.job))
        out.append(.startTimer(.workerStart(process: process), afterNS: SchedulerLimits.workerStartNS))
        return process
    }

    mutating func register(_ m: RegisterWorker, from: Address, now: UInt64, into out: inout [RayletDirective]) {
        guard from == workerAddress(m.process) else { return counters.unexpected += 1 }
        guard let worker = workers[m.process] else {
            // A process of which nothing is known may not stay.
            counters.unexpected += 1
            return out.append(.send(.shutdownWorker(ShutdownWorker()), to: from))
        }
        guard worker.state == .starting, worker.killed == nil else { return counters.duplicates += 1 }
        change(m.process) {
            $0.pid = m.pid
            $0.state = .idle(since: now)
        }
        pools[worker.pool]?.failures = 0
        if let lease = worker.dedicated, let entry = leases[lease], entry.state == .starting(process: m.process) {
            grant(lease, process: m.process, worker: from, into: &out)
        }
    }

    mutating func blocked(_ m: Blocked, from: Address) {
        guard from == workerAddress(m.process), let worker = workers[m.process] else { return counters.unexpected += 1 }
        // Only a task that holds a lease has a share to give back; anything else crossed the end of the lease.
        guard case .leased(let lease) = worker.state, worker.isBlocked != m.isBlocked, let entry = leases[lease] else { return }
        let share = entry.request.resources.cpuOnly
        if m.isBlocked { putBack(share, to: entry.request.bundle) } else { draw(share, from: entry.request.bundle) }
        change(m.process) { $0.isBlocked = m.isBlocked }
    }

    /// The process does not exist (any more).
    mutating func workerGone(
        _ process: UInt64, now: UInt64, into out: inout [RayletDirective], error: (UInt32, WorkerKillReason?) -> ErrorRecord
    ) {
        guard let worker = workers.removeValue(forKey: process) else { return counters.unexpected += 1 }
        if worker.state == .starting { startingProcesses -= 1 }
        recount(process, from: worker, to: nil)
        let error = error(worker.pid, worker.killed)
        let address = workerAddress(process)
        switch worker.state {
        case .starting: startFailed(process, worker, error, into: &out)
        case .idle: break
        case .leased(let lease):
            guard let entry = leases[lease] else { break }
            unbook(entry.booking)
            if worker.isBlocked { draw(entry.request.resources.cpuOnly, from: entry.request.bundle) }
            lose(lease, worker: address, error, into: &out)
        case .dying(let held, let lease, let requester):
            unbook(held)
            if let lease, let requester {
                answers.record(lease, .lost(worker: address, error), hops: .max)
                out.append(.send(.leaseLost(LeaseLost(lease: lease, worker: address, error: error)), to: requester))
            }
        }
    }

    private mutating func startFailed(_ process: UInt64, _ worker: WorkerEntry, _ error: ErrorRecord, into out: inout [RayletDirective]) {
        var error = error
        error.message = "no worker could be started: " + error.message
        if let lease = worker.dedicated {
            guard var entry = leases[lease], entry.state == .starting(process: process) else { return }
            entry.startFailures += 1
            leases[lease] = entry
            if entry.startFailures < SchedulerLimits.startAttempts, error.code != .runtimeEnvSetup {
                let next = spawn(worker.pool, dedicated: lease, devices: worker.devices, into: &out)
                leases[lease]?.state = .starting(process: next)
            } else {
                reject(lease, error, into: &out)
            }
            return
        }
        if endedJobs.contains(worker.job) { return }
        pools[worker.pool, default: WorkerPool()].failures += 1
        guard let failures = pools[worker.pool]?.failures, failures >= SchedulerLimits.startAttempts || error.code == .runtimeEnvSetup
        else {
            return
        }
        pools[worker.pool]?.failures = 0
        if pools[worker.pool]?.isEmpty == true { pools[worker.pool] = nil }
        for id in queue.leases {
            if let request = leases[id]?.request, request.pool == worker.pool, request.kind == .task { reject(id, error, into: &out) }
        }
    }

    /// Ends a process that is not leased.
    mutating func endUnleased(_ process: UInt64, _ reason: WorkerKillReason, into out: inout [RayletDirective]) {
        change(process) {
            $0.state = .dying(held: .none, lease: nil, requester: nil)
            $0.killed = reason
        }
        out.append(.killWorker(process: process, reason))
    }

    // MARK: Idle workers

    /// Before a worker starts: one that is of no use for this pool makes room, so that many environments do not add up to as many processes.
    mutating func makeRoom(for pool: WorkerPoolKey, into out: inout [RayletDirective]) {
        let total = pools.values.reduce(0) { $0 + $1.idle.count }
        guard total >= keptIdle + SchedulerLimits.idleOfOthers else { return }
        let others = idle.filter { workers[$0.process]?.pool != pool }
        guard let oldest = others.first(where: { workers[$0.process]?.isInUse == false }) ?? others.first else { return }
        askToGo(oldest.process, into: &out)
    }

    /// Idle workers, the longest idle first.
    private var idle: [(process: UInt64, since: UInt64)] {
        workers.compactMap { process, worker in if case .idle(let since) = worker.state { (process, since) } else { nil } }
            .sorted { ($0.since, $0.process) < ($1.since, $1.process) }
    }

    mutating func armIdleTimer(now: UInt64, into out: inout [RayletDirective]) {
        guard !isIdleTimerArmed, pools.values.reduce(0, { $0 + $1.idle.count }) > keptIdle,
            let oldest = idle.first(where: { workers[$0.process]?.isInUse == false })
        else { return }
        isIdleTimerArmed = true
        let due = oldest.since &+ SchedulerLimits.idleWorkerNS
        out.append(.startTimer(.idleWorkers, afterNS: due > now ? due - now : 1))
    }

    mutating func endIdleWorkers(now: UInt64, into out: inout [RayletDirective]) {
        let idle = idle, due = idle.filter { now &- $0.since >= SchedulerLimits.idleWorkerNS && now >= $0.since }
        let fresh = due.filter { workers[$0.process]?.isInUse == false }
        if fresh.isEmpty { return }
        // Those that were in use are asked again when others are: they may have been let go of meanwhile.
        let again = due.filter { workers[$0.process]?.isInUse == true }
        for (process, _) in (fresh + again).prefix(max(0, idle.count - keptIdle)) { askToGo(process, into: &out) }
    }

    /// What a worker owns ends with it: it is asked first, and gets no work meanwhile.
    private mutating func askToGo(_ process: UInt64, into out: inout [RayletDirective]) {
        change(process) {
            $0.state = .dying(held: .none, lease: nil, requester: nil)
            $0.killed = .idle
        }
        out.append(.send(.idleCheck(IdleCheck()), to: workerAddress(process)))
    }

    /// A worker that owns something in use serves again.
    mutating func idleReplied(_ m: IdleReply, from: Address, now: UInt64, into out: inout [RayletDirective]) {
        guard from == workerAddress(m.process), let worker = workers[m.process], worker.isDying, worker.killed == .idle else {
            return counters.unexpected += 1
        }
        guard !m.isUnused, !endedJobs.contains(worker.job), !isFenced else {
            counters.idleEnded += 1
            return out.append(.killWorker(process: m.process, .idle))
        }
        change(m.process) {
            $0.state = .idle(since: now)
            $0.killed = nil
            $0.isInUse = true
        }
    }
}
