import RayflowCore

// The lease protocol: one answer to each request, the same one when it is repeated.
extension RayletInstance {
    mutating func request(_ m: RequestLease, from requester: Address, now: UInt64, into out: inout [RayletDirective]) {
        if let entry = leases[m.lease] {
            counters.duplicates += 1
            // Not answered yet: the answer will come. A requester other than the first has made the id up.
            if case .granted(_, let worker) = entry.state, requester == entry.requester {
                out.append(.send(.leaseGranted(LeaseGranted(lease: m.lease, worker: worker, node: node)), to: requester))
            }
            return
        }
        if let entry = answers[m.lease], !isStale(entry, m) {
            counters.duplicates += 1
            return repeatAnswer(entry.answer, m.lease, to: requester, into: &out)
        }
        answers.forget(m.lease)
        counters.requested += 1
        leases[m.lease] = LeaseEntry(request: m, requester: requester, arrived: now, state: .unplaced)
        guard m.resources.isPlausible else {
            return reject(m.lease, ErrorRecord(.invalidArgument, "amounts that no request may have: \(m.resources)"), into: &out)
        }
        if isFenced { return reject(m.lease, fencedError, into: &out) }
        if endedJobs.contains(m.job) {
            return reject(m.lease, ErrorRecord(.cancelled, "job \(m.job) has ended"), into: &out)
        }
        place(m.lease, into: &out)
    }

    /// A spillback no longer holds when the request has come round with more hops, or when the node named has died.
    private func isStale(_ entry: AnswerLog.Entry, _ m: RequestLease) -> Bool {
        guard case .spillback(let raylet) = entry.answer else { return false }
        return entry.hops < m.hops || others?[raylet.nodeID] == nil || unreachable.contains(raylet.nodeID)
    }

    private func repeatAnswer(_ answer: AnswerLog.Answer, _ lease: LeaseID, to: Address, into out: inout [RayletDirective]) {
        let message: Message =
            switch answer {
            case .spillback(let raylet): .leaseSpillback(LeaseSpillback(lease: lease, raylet: raylet))
            case .rejected(let error, let lost): .leaseRejected(LeaseRejected(lease: lease, error: error, lost: lost))
            case .ended: .leaseRejected(LeaseRejected(lease: lease, error: ErrorRecord(.cancelled, "lease \(lease) is over")))
            case .lost(let worker, let error): .leaseLost(LeaseLost(lease: lease, worker: worker, error: error))
            }
        out.append(.send(message, to: to))
    }

    /// The request stays on this node: its arguments are fetched, then it waits for its turn.
    mutating func admit(_ id: LeaseID, into out: inout [RayletDirective]) {
        guard let entry = leases[id] else { return }
        let missing = need(entry.request.dependencies, for: id, into: &out)
        if missing.isEmpty { enqueue(id) } else { leases[id]?.state = .fetching(missing: missing) }
    }

    mutating func enqueue(_ id: LeaseID) {
        guard let entry = leases[id] else { return }
        leases[id]?.state = .queued
        queue.append(id, entry.key, priority: entry.request.priority)
    }

    mutating func cancel(_ m: CancelLease, from: Address, into out: inout [RayletDirective]) {
        guard let entry = leases[m.lease] else {
            // It may have overtaken its request (also one that comes round again after a spillback).
            if answers[m.lease]?.answer.isSpillback ?? true { answers.record(m.lease, .ended, hops: .max) }
            return
        }
        guard from == entry.requester else { return counters.unexpected += 1 }
        // Granted: the cancellation crossed the grant, and the requester gives the lease back when it sees that.
        if case .granted = entry.state { return }
        drop(m.lease, into: &out)
    }

    /// Takes a request that is not granted out of the books.
    private mutating func drop(_ id: LeaseID, into out: inout [RayletDirective]) {
        guard leases[id] != nil else { return }
        counters.cancelled += 1
        forget(id, .ended, into: &out)
    }

    mutating func giveBack(_ m: ReturnLease, from: Address, now: UInt64, into out: inout [RayletDirective]) {
        guard let entry = leases[m.lease] else {
            if m.workerFailed, from.isProcess { confirmLoss(m.lease, to: from, into: &out) }
            return counters.duplicates += 1
        }
        guard from == entry.requester else { return counters.unexpected += 1 }
        guard case .granted = entry.state else { return drop(m.lease, into: &out) }
        counters.returned += 1
        let isActor = entry.request.kind == .actor
        end(
            m.lease, kill: m.workerFailed ? .workerFailed : isActor ? .actorEnded : nil, confirm: m.workerFailed, now: now,
            into: &out)
    }

    /// Who gives a lease up hears that its worker is gone, however often it asks: at once, or when the process has ended.
    private mutating func confirmLoss(_ id: LeaseID, to: Address, into out: inout [RayletDirective]) {
        if case .lost? = answers[id]?.answer, let entry = answers[id] { return repeatAnswer(entry.answer, id, to: to, into: &out) }
        let isEnding = workers.values.contains { if case .dying(_, id, _) = $0.state { true } else { false } }
        if isEnding { return }
        let error = ErrorRecord(.workerCrashed, "lease \(id) is over", node: "\(node)")
        out.append(.send(.leaseLost(LeaseLost(lease: id, worker: address, error: error)), to: to))
    }

    /// Ends a granted lease. Its resources come back now, or, when its worker is to be killed, with the end of the process.
    mutating func end(_ id: LeaseID, kill: WorkerKillReason?, confirm: Bool, now: UInt64, into out: inout [RayletDirective]) {
        guard let entry = leases[id], case .granted(let process, _) = entry.state else { return }
        forget(id, .ended, into: &out)
        guard let process, let worker = workers[process] else {
            unbook(entry.booking)
            if confirm { confirmLoss(id, to: entry.requester, into: &out) }
            return
        }
        var held = entry.booking
        if worker.isBlocked { held.resources -= held.resources.cpuOnly }
        // A process that was given GPUs keeps them in use as long as it lives: it serves one lease. One that is being ended serves no other.
        if let kill = kill ?? worker.killed ?? (held.devices == nil ? nil : .devicesReturned) {
            change(process) {
                $0.state = .dying(held: held, lease: confirm ? id : nil, requester: confirm ? entry.requester : nil)
                $0.isBlocked = false
                $0.killed = kill
            }
            out.append(.killWorker(process: process, kill))
        } else {
            unbook(held)
            change(process) {
                $0.state = .idle(since: now)
                $0.isBlocked = false
            }
        }
    }

    mutating func grant(_ id: LeaseID, process: UInt64?, worker: Address, into out: inout [RayletDirective]) {
        guard let entry = leases[id] else { return }
        if !entry.isBooked { book(entry.booking) }
        if let process {
            change(process) {
                if entry.request.kind != .actor { $0.dedicated = nil }
                $0.state = .leased(id)
                $0.isInUse = false
                $0.uses += 1
            }
        }
        leases[id]?.state = .granted(process: process, worker: worker)
        releaseDependencies(of: id, entry, into: &out)
        counters.granted += 1
        out.append(.send(.leaseGranted(LeaseGranted(lease: id, worker: worker, node: node)), to: entry.requester))
    }

    mutating func spill(_ id: LeaseID, to raylet: Address, into out: inout [RayletDirective]) {
        guard let entry = leases[id] else { return }
        counters.spilled += 1
        forget(id, .spillback(raylet), into: &out)
        out.append(.send(.leaseSpillback(LeaseSpillback(lease: id, raylet: raylet)), to: entry.requester))
    }

    mutating func reject(_ id: LeaseID, _ error: ErrorRecord, lost: [LostCopies] = [], into out: inout [RayletDirective]) {
        guard let entry = leases[id] else { return }
        counters.rejected += 1
        forget(id, .rejected(error, lost: lost), into: &out)
        out.append(.send(.leaseRejected(LeaseRejected(lease: id, error: error, lost: lost)), to: entry.requester))
    }

    /// What the lease has booked is the caller's to settle.
    mutating func lose(_ id: LeaseID, worker: Address, _ error: ErrorRecord, into out: inout [RayletDirective]) {
        guard let entry = leases[id] else { return }
        counters.lost += 1
        forget(id, .lost(worker: worker, error), into: &out)
        out.append(.send(.leaseLost(LeaseLost(lease: id, worker: worker, error: error)), to: entry.requester))
    }

    /// Takes a lease out of the books; what a granted one has booked is the caller's to settle.
    private mutating func forget(_ id: LeaseID, _ answer: AnswerLog.Answer, into out: inout [RayletDirective]) {
        guard let entry = leases.removeValue(forKey: id) else { return }
        switch entry.state {
        case .queued: queue.remove(id, entry.key, priority: entry.request.priority)
        case .starting(let process):
            unbook(entry.booking)
            if entry.booking.devices == nil {
                // Nothing has run in it: it serves tasks.
                change(process) { $0.dedicated = nil }
            } else if workers[process] != nil {
                endUnleased(process, .devicesReturned, into: &out)
            }
        case .unplaced, .fetching, .granted: break
        }
        releaseDependencies(of: id, entry, into: &out)
        answers.record(id, answer, hops: entry.request.hops)
    }
}

extension AnswerLog.Answer {
    fileprivate var isSpillback: Bool { if case .spillback = self { true } else { false } }
}
