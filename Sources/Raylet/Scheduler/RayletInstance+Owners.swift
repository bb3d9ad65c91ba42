import RayflowCore

// Requesters, jobs and nodes that go.
extension RayletInstance {
    /// The process is gone, or only its connection: then it hears of the end of each worker, and asks anew for what it had asked for.
    mutating func ownerLost(_ owner: Address, into out: inout [RayletDirective]) {
        for (id, entry) in sortedLeases where entry.requester == owner {
            if case .granted = entry.state {
                end(id, kill: .ownerDied, confirm: true, now: 0, into: &out)
            } else {
                spill(id, to: address, into: &out)
            }
        }
    }

    mutating func ownerGone(_ owner: Address, reason: WorkerKillReason, now: UInt64, into out: inout [RayletDirective]) {
        ownersGone(reason: reason, into: &out) { $0 == owner }
    }

    mutating func ownersGone(
        reason: WorkerKillReason = .ownerDied, into out: inout [RayletDirective], where isGone: (Address) -> Bool
    ) {
        for (id, entry) in sortedLeases where isGone(entry.requester) { abandon(id, entry, reason, into: &out) }
    }

    /// Nobody is there for the answer: a request is dropped, a granted worker is ended because it may still run what it was given.
    private mutating func abandon(_ id: LeaseID, _ entry: LeaseEntry, _ reason: WorkerKillReason, into out: inout [RayletDirective]) {
        if case .granted = entry.state {
            end(id, kill: reason, confirm: false, now: 0, into: &out)
        } else {
            cancel(CancelLease(lease: id), from: entry.requester, into: &out)
        }
    }

    mutating func jobEnded(_ job: JobID, into out: inout [RayletDirective]) {
        if endedJobs.insert(job).inserted { endedInOrder.append(job) }
        if endedInOrder.count > SchedulerLimits.rememberedJobs { endedJobs.remove(endedInOrder.removeFirst()) }
        for (id, entry) in sortedLeases where entry.request.job == job { abandon(id, entry, .jobEnded, into: &out) }
        endGroups(of: job, into: &out)
        for (process, worker) in workers.sorted(by: { $0.key < $1.key })
        where worker.job == job && (!worker.isDying || worker.killed == .idle) {
            endUnleased(process, .jobEnded, into: &out)
        }
        paces = paces.filter { $0.key.job != job }
        pools = pools.filter { $0.key.job != job }
    }

    var fencedError: ErrorRecord { ErrorRecord(.workerCrashed, "the cluster has declared node \(node) dead", node: "\(node)") }

    /// The cluster has gone on without this node: nothing may run here any more.
    mutating func fence(into out: inout [RayletDirective]) {
        guard !isFenced else { return }
        isFenced = true
        for (id, entry) in sortedLeases {
            if case .granted(_, let worker) = entry.state {
                out.append(.send(.leaseLost(LeaseLost(lease: id, worker: worker, error: fencedError)), to: entry.requester))
            } else {
                out.append(.send(.leaseRejected(LeaseRejected(lease: id, error: fencedError)), to: entry.requester))
            }
            abandon(id, entry, .fenced, into: &out)
        }
        for (process, worker) in workers.sorted(by: { $0.key < $1.key }) where !worker.isDying || worker.killed == .idle {
            endUnleased(process, .fenced, into: &out)
        }
        out.append(.fenced)
    }
}
