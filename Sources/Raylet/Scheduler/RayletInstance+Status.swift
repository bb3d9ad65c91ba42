package import RayflowCore

// What the scheduler says about itself.
extension RayletInstance {
    /// Why a request waits, or nil for one that is not here.
    package func explain(_ lease: LeaseID) -> PendingReason? {
        guard let entry = leases[lease] else { return nil }
        switch entry.state {
        case .unplaced: return .waitsForNodes
        case .fetching(let missing):
            return .dependencies(entry.request.dependencies.map(\.id).filter(missing.contains))
        case .starting: return .workerStarts
        case .granted(_, let worker): return .granted(worker)
        case .queued: return reasonInQueue(lease, entry)
        }
    }

    private func reasonInQueue(_ lease: LeaseID, _ entry: LeaseEntry) -> PendingReason {
        let request = entry.request
        if let reason = reasonInBundle(request) { return reason }
        if let debt = available.amounts.sorted(by: { $0.key < $1.key }).first(where: { $0.value < 0 }) {
            return .overdrawn(debt.key, by: -debt.value)
        }
        if request.strategy.group == nil, let short = request.resources.shortage(in: available) {
            let hopsSpent = request.hops >= SchedulerLimits.spillbackHops && others?.isEmpty == false
            return .resource(short.name, missing: short.missing, hopsSpent: hopsSpent)
        }
        if request.kind == .step, stepHost == .lost { return .stepHostRestarts }
        let ahead = queue.line(entry.key, priority: request.priority).firstIndex(of: lease) ?? 0
        if request.kind == .task, ahead == 0, let pace = paces[entry.pool], pace.isArmed, pools[entry.pool]?.starting ?? 0 == 0 {
            return .workersBlocked
        }
        if ahead > 0, pools[entry.pool]?.starting ?? 0 <= ahead { return .behind(ahead) }
        return .workerStarts
    }

    private func reasonInBundle(_ request: RequestLease) -> PendingReason? {
        guard let id = request.bundle, let bundle = bundles[id] else { return nil }
        guard bundle.isCommitted else { return .placementGroup(id.group, .pending, why: nil) }
        return request.resources.shortage(in: bundle.available).map { .bundle(id, $0.name, missing: $0.missing) }
    }

    /// The GPUs that a process sees.
    package func devices(of process: UInt64) -> [UInt32] { workers[process]?.devices ?? [] }

    /// The variables that a process was asked to have besides those of the node.
    package func environment(of process: UInt64) -> RuntimeEnvironment { workers[process]?.pool.environment ?? .none }

    package func snapshot(now: UInt64) -> RayletSnapshot {
        var snapshot = RayletSnapshot(
            node: node, total: total, available: available, workers: [], granted: [], waiting: [], counters: counters)
        for (process, worker) in workers.sorted(by: { $0.key < $1.key }) {
            let state: RayletSnapshot.Worker.State, lease: LeaseID?
            switch worker.state {
            case .starting: (state, lease) = (.starting, worker.dedicated)
            case .idle: (state, lease) = (.idle, nil)
            case .leased(let id): (state, lease) = (.leased, id)
            case .dying: (state, lease) = (.dying, nil)
            }
            snapshot.workers.append(
                RayletSnapshot.Worker(
                    process: process, pid: worker.pid, job: worker.job, state: state, isActor: worker.dedicated != nil,
                    isBlocked: worker.isBlocked, lease: lease))
        }
        for (id, entry) in sortedLeases {
            guard let reason = explain(id) else { continue }
            let lease = RayletSnapshot.Lease(
                lease: id, requester: entry.requester, job: entry.request.job, kind: entry.request.kind,
                resources: entry.request.resources, priority: entry.request.priority, ageNS: now > entry.arrived ? now - entry.arrived : 0,
                reason: reason)
            if case .granted = entry.state { snapshot.granted.append(lease) } else { snapshot.waiting.append(lease) }
        }
        return snapshot
    }
}
