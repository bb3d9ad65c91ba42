import RayflowCore

// Leases: asked for by scheduling key, reused while tasks of the key are ready, given back when idle.
extension OwnerInstance {
    /// Hands ready tasks to idle leases and asks for as many further leases as could be used.
    mutating func serve(_ key: SchedulingKey, into out: inout [OwnerDirective]) {
        guard var queue = queues[key] else { return }
        while !queue.idle.isEmpty, let task = nextReady(&queue, key) {
            let lease = queue.idle.removeLast()
            queues[key] = queue
            push(task, on: lease, into: &out)
            queue = queues[key] ?? KeyQueue()
        }
        skipEnded(&queue)
        if queue.ready.isEmpty {
            for lease in queue.requested {
                if let entry = leases.removeValue(forKey: lease) {
                    out.append(.send(.cancelLease(CancelLease(lease: lease)), to: entry.raylet))
                }
            }
            queue.requested = []
        } else {
            let wanted = min(queue.ready.count, Limits.openLeaseRequests)
            if queue.requested.count < wanted { returnIdleLeases(except: key, into: &out) }
            while queue.requested.count < wanted {
                let lease = LeaseID(owner: address.entity, number: nextLease)
                nextLease += 1
                leases[lease] = LeaseEntry(key: key, raylet: raylet)
                queue.requested.append(lease)
                request(lease, for: queue.ready.first, backlog: queue.ready.count, into: &out)
            }
        }
        queues[key] = queue.ready.isEmpty && queue.requested.isEmpty && queue.idle.isEmpty ? nil : queue
    }

    private func skipEnded(_ queue: inout KeyQueue) {
        while let id = queue.ready.first, tasks[id]?.state != .queued { _ = queue.ready.popFirst() }
    }

    private func nextReady(_ queue: inout KeyQueue, _ key: SchedulingKey) -> TaskID? {
        skipEnded(&queue)
        return queue.ready.popFirst()
    }

    private func request(_ lease: LeaseID, for task: TaskID?, backlog: Int, into out: inout [OwnerDirective]) {
        guard let entry = leases[lease], let task, let spec = tasks[task]?.spec else { return }
        var needed: [Dependency] = []
        for id in tasks[task]?.dependencies ?? [] {
            if let object = objects[id], case .stored(let nodes, let size, _, _)? = object.state {
                needed.append(Dependency(id: id, owner: object.owner, nodes: nodes, size: size))
            }
        }
        let message = RequestLease(
            lease: lease, attempt: spec.attempt, job: spec.id.job, kind: spec.kind == .step ? .step : .task,
            resources: spec.options.resources, priority: spec.options.priority, dependencies: needed, hops: entry.hops,
            backlog: UInt32(clamping: backlog))
        out.append(.send(.requestLease(message), to: entry.raylet))
    }

    /// A lease that lies idle under one key must not keep another key of this owner waiting.
    private mutating func returnIdleLeases(except key: SchedulingKey, into out: inout [OwnerDirective]) {
        for (other, queue) in queues where other != key && !queue.idle.isEmpty && queue.ready.isEmpty {
            for lease in queue.idle {
                if let entry = leases.removeValue(forKey: lease) {
                    out.append(.send(.returnLease(ReturnLease(lease: lease, workerFailed: false)), to: entry.raylet))
                }
            }
            queues[other]?.idle = []
        }
    }

    mutating func leaseGranted(_ m: LeaseGranted, into out: inout [OwnerDirective]) {
        guard var entry = leases[m.lease], entry.worker == nil else {
            // Cancelled meanwhile: the grant crossed the cancellation. Or a second raylet has granted what the first had.
            if leases[m.lease] == nil || leases[m.lease]?.worker != m.worker {
                out.append(.send(.returnLease(ReturnLease(lease: m.lease, workerFailed: false)), to: .raylet(of: m.node)))
            }
            return
        }
        entry.worker = m.worker
        entry.raylet = .raylet(of: m.node)
        leases[m.lease] = entry
        queues[entry.key]?.requested.removeAll { $0 == m.lease }
        queues[entry.key, default: KeyQueue()].idle.append(m.lease)
        serve(entry.key, into: &out)
        rest(m.lease, into: &out)
    }

    /// Starts the clock of a lease that found no task.
    private mutating func rest(_ id: LeaseID, into out: inout [OwnerDirective]) {
        guard let lease = leases[id], lease.task == nil, lease.worker != nil else { return }
        if queues.contains(where: { $0.key != lease.key && !$0.value.requested.isEmpty }) { return giveBack(id, into: &out) }
        out.append(.startTimer(.idleLease(id, use: lease.uses), afterNS: Limits.idleLeaseNS))
    }

    mutating func leaseSpillback(_ m: LeaseSpillback, into out: inout [OwnerDirective]) {
        guard var entry = leases[m.lease], entry.worker == nil else { return }
        entry.raylet = m.raylet
        entry.hops &+= 1
        leases[m.lease] = entry
        guard var queue = queues[entry.key] else { return drop(m.lease) }
        skipEnded(&queue)
        queues[entry.key] = queue
        guard let task = queue.ready.first else { return drop(m.lease) }
        request(m.lease, for: task, backlog: queue.ready.count, into: &out)
    }

    private mutating func drop(_ id: LeaseID) {
        guard let entry = leases.removeValue(forKey: id) else { return }
        queues[entry.key]?.requested.removeAll { $0 == id }
    }

    /// No node can ever serve this key: all its ready tasks end with the reason.
    mutating func leaseRejected(_ m: LeaseRejected, into out: inout [OwnerDirective]) {
        guard let entry = leases[m.lease], entry.worker == nil else { return }
        drop(m.lease)
        guard var queue = queues[entry.key] else { return }
        if m.error.code == .unschedulable {
            var doomed: [TaskID] = []
            while let id = queue.ready.popFirst() { doomed.append(id) }
            queues[entry.key] = queue
            for id in doomed where tasks[id]?.state == .queued { fail(id, m.error, into: &out) }
        } else if let id = nextReady(&queue, entry.key) {
            queues[entry.key] = queue
            retryOrFail(id, m.error, into: &out)
        }
        serve(entry.key, into: &out)
    }

    mutating func leaseLost(_ m: LeaseLost, now: UInt64, into out: inout [OwnerDirective]) {
        guard let entry = leases.removeValue(forKey: m.lease) else { return }
        queues[entry.key]?.idle.removeAll { $0 == m.lease }
        queues[entry.key]?.requested.removeAll { $0 == m.lease }
        if let id = entry.task, let task = tasks[id] {
            switch task.state {
            case .pushed(m.lease): retryOrFail(id, m.error, into: &out)
            case .committing(m.lease): enqueue(id, into: &out)  // it had not started
            default: break
            }
        }
        serve(entry.key, into: &out)
    }

    /// The task of a lease has ended: the next one, or rest. A lease that serves another task by now is left alone.
    mutating func freeLease(_ id: LeaseID, of task: TaskID, into out: inout [OwnerDirective]) {
        if unload(id, of: task) { settle(id, into: &out) }
    }

    /// The lease is idle from now on: what becomes ready finds it, before anything else is asked for. ``settle(_:into:)`` must follow.
    mutating func unload(_ id: LeaseID, of task: TaskID) -> Bool {
        guard let entry = leases[id], entry.worker != nil, entry.task ?? task == task else { return false }
        leases[id]?.task = nil
        if queues[entry.key]?.idle.contains(id) == true { return false }
        queues[entry.key, default: KeyQueue()].idle.append(id)
        return true
    }

    mutating func settle(_ id: LeaseID, into out: inout [OwnerDirective]) {
        guard let entry = leases[id] else { return }
        serve(entry.key, into: &out)
        rest(id, into: &out)
    }

    /// A node is gone: what was asked of it is asked at home, what it had granted is lost.
    mutating func rayletLost(_ raylet: Address, now: UInt64, into out: inout [OwnerDirective]) {
        let error = ErrorRecord(RayflowError(.workerCrashed, "node \(raylet.nodeID) is gone"))
        for (id, lease) in leases where lease.raylet == raylet {
            if let worker = lease.worker {
                leaseLost(LeaseLost(lease: id, worker: worker, error: error), now: now, into: &out)
            } else {
                drop(id)
                serve(lease.key, into: &out)
            }
        }
    }

    mutating func giveBack(_ id: LeaseID, into out: inout [OwnerDirective]) {
        guard let entry = leases.removeValue(forKey: id) else { return }
        queues[entry.key]?.idle.removeAll { $0 == id }
        if let queue = queues[entry.key], queue.ready.isEmpty, queue.requested.isEmpty, queue.idle.isEmpty { queues[entry.key] = nil }
        out.append(.send(.returnLease(ReturnLease(lease: id, workerFailed: false)), to: entry.raylet))
    }
}
