import RayflowCore

// Turns of the queue: who gets resources and a worker now, and which workers are to be started.
extension RayletInstance {
    private enum Turn { case served, waitsForStart, blocked }

    private struct Round {
        /// What is available less what is meant for requests whose worker starts.
        var free: ResourceSet
        /// The same of bundles that such requests draw from.
        var bundles: [BundleID: ResourceSet] = [:]
        /// Tasks of a pool that could run if they had a worker.
        var wanting: [WorkerPoolKey: Int] = [:]
        /// Pools that want a worker beyond those that start at once.
        var paced: Set<WorkerPoolKey> = []
    }

    mutating func dispatch(now: UInt64, into out: inout [RayletDirective]) {
        // Woken tasks come first: nothing is granted before the balance is restored.
        guard !available.hasDebt else { return }
        guard !queue.isEmpty else { return paces = [:] }
        var round = Round(free: available)
        for level in queue.levels {
            var cursors = level.turns.map { (key: $0, at: 0) }
            while !cursors.isEmpty {
                var next: [(key: LeaseQueue.Key, at: Int)] = []
                for cursor in cursors {
                    let line = queue.line(cursor.key, priority: level.priority)
                    guard cursor.at < line.count else { continue }
                    switch serve(line[cursor.at], &round, into: &out) {
                    case .served: next.append(cursor)
                    case .waitsForStart: next.append((cursor.key, cursor.at + 1))
                    case .blocked: break
                    }
                }
                cursors = next
            }
        }
        pace(round.paced, into: &out)
    }

    private mutating func serve(_ id: LeaseID, _ round: inout Round, into out: inout [RayletDirective]) -> Turn {
        guard let entry = leases[id], let free = self.free(for: entry.request, round), entry.request.resources.fits(in: free) else {
            return .blocked
        }
        let pool = entry.pool, resources = entry.request.resources
        func charge() {
            if let bundle = entry.request.bundle { round.bundles[bundle] = free - resources } else { round.free -= resources }
        }
        func leaveQueue() {
            queue.remove(id, entry.key, priority: entry.request.priority, servedTurn: true)
            charge()
        }
        if entry.needsDevices, entry.request.kind != .step {
            guard canStart, let share = devices.choice(for: resources[ResourceSet.gpu]) else { return .blocked }
            leaveQueue()
            start(id, with: share, into: &out)
            return .served
        }
        switch entry.request.kind {
        case .step:
            guard case .at(let host) = stepHost else { return .blocked }
            leaveQueue()
            grant(id, process: nil, worker: host, into: &out)
            return .served
        case .actor:
            if let fresh = pools[pool]?.idle.last(where: { workers[$0]?.uses == 0 }) {
                leaveQueue()
                change(fresh) { $0.dedicated = id }
                grant(id, process: fresh, worker: workerAddress(fresh), into: &out)
                return .served
            }
            guard canStart else { return .blocked }
            leaveQueue()
            book(entry.booking)
            makeRoom(for: pool, into: &out)
            let process = spawn(pool, dedicated: id, into: &out)
            leases[id]?.state = .starting(process: process)
            return .served
        case .task:
            if let idle = pools[pool]?.idle.last {
                leaveQueue()
                grant(id, process: idle, worker: workerAddress(idle), into: &out)
                return .served
            }
            round.wanting[pool, default: 0] += 1
            if round.wanting[pool, default: 0] > pools[pool]?.starting ?? 0 {
                guard canStart else { return .blocked }
                guard startsAtOnce(pool) || takeDue(pool) else {
                    round.paced.insert(pool)
                    return .blocked
                }
                makeRoom(for: pool, into: &out)
                spawn(pool, into: &out)
            }
            charge()
            return .waitsForStart
        }
    }

    /// What a request may draw from now; nil while its bundle is not committed.
    private func free(for request: RequestLease, _ round: Round) -> ResourceSet? {
        guard request.strategy.group != nil else { return round.free }
        guard let id = request.bundle, let bundle = bundles[id], bundle.isCommitted else { return nil }
        let free = round.bundles[id] ?? bundle.available
        return free.hasDebt ? nil : free
    }

    /// A process sees the GPUs of its lease from its first moment on, so it starts with them and ends with the lease.
    private mutating func start(_ id: LeaseID, with share: DeviceShare, into out: inout [RayletDirective]) {
        leases[id]?.devices = share
        guard let entry = leases[id] else { return }
        book(entry.booking)
        let process = spawn(entry.pool, dedicated: id, devices: share.devices, into: &out)
        leases[id]?.state = .starting(process: process)
    }

    var canStart: Bool { startingProcesses < max(SchedulerLimits.fewestStarting, SchedulerLimits.startingPerCPU * cpuCount) }

    private func startsAtOnce(_ key: WorkerPoolKey) -> Bool {
        let pool = pools[key] ?? WorkerPool()
        return pool.members < cpuCount || pool.blocked == 0 && pool.members < SchedulerLimits.undelayedWorkers
    }

    /// A wait for a further worker that is over lets one start, and the next wait is twice as long.
    private mutating func takeDue(_ pool: WorkerPoolKey) -> Bool {
        guard var pace = paces[pool], pace.isDue else { return false }
        pace.isDue = false
        pace.delayNS = min(pace.delayNS * 2, SchedulerLimits.longestFurtherWorkerNS)
        paces[pool] = pace
        counters.furtherWorkers += 1
        return true
    }

    private mutating func pace(_ wanted: Set<WorkerPoolKey>, into out: inout [RayletDirective]) {
        // The delay starts anew when nobody of the pool waits any more, not when the waiting ones are merely short of resources.
        let waiting = Set(queue.levels.flatMap { level in level.turns.lazy.filter { $0.kind == .task }.map(\.pool) })
        paces = paces.filter { waiting.contains($0.key) }
        for pool in paces.keys where !wanted.contains(pool) { paces[pool]?.isDue = false }
        for pool in wanted.sorted() {
            var pace = paces[pool] ?? WorkerPace(generation: 0)
            guard !pace.isArmed, !pace.isDue else { continue }
            pace.isArmed = true
            pace.generation = nextGeneration
            nextGeneration += 1
            paces[pool] = pace
            out.append(.startTimer(.furtherWorker(pool, generation: pace.generation), afterNS: pace.delayNS))
        }
    }
}
