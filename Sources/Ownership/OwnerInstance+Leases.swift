import RayflowCore

// Leases: asked for by scheduling key, reused while tasks of the key are ready, given back when idle.
extension OwnerInstance {
    /// Hands ready tasks to idle leases, then behind short tasks that run, and asks for as many further leases as could be used.
    mutating func serve(_ key: SchedulingKey, into out: inout [OwnerDirective]) {
        while let task = firstReady(key, into: &out) {
            guard let lease = queues[key]?.idle.popLast() ?? leaseWithRoom(key, behind: task) else { break }
            _ = queues[key]?.ready.popFirst()
            push(task, on: lease, into: &out)
        }
        if key.strategy.group != nil { doomIfHopeless(key, into: &out) }
        guard let (ready, requested) = queues[key].map({ ($0.ready.count, $0.requested.count) }) else { return }
        if ready == 0 {
            if requested > 0 { cancelRequests(of: key, into: &out) }
            if queues[key]?.isUnused == true { queues[key] = nil }
        } else if requested < min(ready, Limits.openLeaseRequests) {
            returnIdleLeases(except: key, into: &out)
            for _ in requested..<min(ready, Limits.openLeaseRequests) {
                guard let first = queues[key]?.ready.first, let target = target(for: key, into: &out) else { return }
                let lease = LeaseID(owner: address.entity, number: nextLease)
                nextLease += 1
                leases[lease] = LeaseEntry(key: key, raylet: target.raylet, strategy: target.strategy)
                queues[key]?.requested.append(lease)
                request(lease, for: first, backlog: ready, into: &out)
            }
        }
    }

    private mutating func cancelRequests(of key: SchedulingKey, into out: inout [OwnerDirective]) {
        for lease in queues[key]?.requested ?? [] {
            if let entry = leases.removeValue(forKey: lease) {
                out.append(.send(.cancelLease(CancelLease(lease: lease)), to: entry.raylet))
            }
        }
        queues[key]?.requested = []
    }

    /// The next task that is still ready; what was cancelled meanwhile is skipped.
    private mutating func firstReady(_ key: SchedulingKey, into out: inout [OwnerDirective]) -> TaskID? {
        while let id = queues[key]?.ready.first {
            guard tasks.change(id, { $0.state == .queued }) == true else {
                _ = queues[key]?.ready.popFirst()
                continue
            }
            if !hasLosses || !isHeldUp(id, into: &out) { return id }
        }
        return nil
    }

    // MARK: Pushing ahead

    /// The granted lease on which the task would wait the shortest, less than ``Limits/pushedAheadNS`` in any case. What may not run twice
    /// waits for a worker of its own: when a worker dies it is not known which of its tasks had begun.
    private mutating func leaseWithRoom(_ key: SchedulingKey, behind id: TaskID) -> LeaseID? {
        guard let busy = queues[key]?.busy, !busy.isEmpty, !wantsOwnLeases(key) else { return nil }
        let durations = durations
        guard tasks.change(id, { $0.retriesLeft != 0 && $0.expectedDuration(by: durations) != nil }) == true else { return nil }
        var best: LeaseID?
        var least = Limits.pushedAheadNS
        for id in busy {
            leases.change(id) { lease in
                guard !lease.isSlow, lease.expectedNS < least, lease.tasks.count < Limits.tasksPerLease else { return }
                least = lease.expectedNS
                best = id
            }
        }
        return best
    }

    /// - Parameter function: index in the function table.
    mutating func measure(_ function: UInt32, executionNS: UInt64) {
        let before = durations[function] ?? executionNS
        durations[function] = before &- before / 8 &+ min(executionNS, .max / 8) / 8
    }

    /// The running task of that worker takes long or waits: what was pushed behind it goes to the head of the queue again.
    mutating func tasksReturned(_ m: TasksReturned, into out: inout [OwnerDirective]) {
        guard let key = leases[m.lease]?.key else { return }
        leases[m.lease]?.isSlow = true
        takeBack(m.tasks.filter { tasks[$0.task]?.spec.attempt == $0.attempt }.map(\.task), from: m.lease, into: &out)
        // The one that ran may have ended just then, and its reply have come first: nothing else would free the lease.
        let isOver =
            leases.change(m.lease) { lease in
                guard lease.tasks.isEmpty, lease.worker != nil, lease.whyGivenUp == nil else { return false }
                lease.isSlow = false
                lease.expectedNS = 0
                return true
            } ?? false
        if isOver, queues[key]?.busy.contains(m.lease) == true { becomeIdle(m.lease, of: key) }
        serve(key, into: &out)
        rest(m.lease, into: &out)
    }

    /// Tasks that had not begun are ready again, without a charge.
    private mutating func takeBack(_ ids: [TaskID], from lease: LeaseID, into out: inout [OwnerDirective]) {
        var back: [TaskID] = []
        for id in ids where tasks[id]?.state == .pushed(lease) {
            leaveLease(lease, id)
            tasks[id]?.state = .queued
            if tasks[id]?.isCancelled == true {
                fail(id, ErrorRecord(RayflowError(.cancelled, "the task was cancelled before it started")), into: &out)
            } else if let entry = tasks[id] {
                back.append(id)
                tell(entry.spec, isReported: entry.isReported, .queued, into: &out)
            }
        }
        guard let key = back.first.flatMap({ tasks[$0]?.key }) else { return }
        queues[key, default: KeyQueue()].ready.giveBack(back)
    }

    /// - Returns: false when the lease does not have it.
    @discardableResult
    private mutating func leaveLease(_ lease: LeaseID, _ id: TaskID) -> Bool {
        let expected = tasks.change(id) { $0.expectedNS } ?? 0
        return leases.change(lease) { lease in
            guard let at = lease.tasks.firstIndex(of: id) else { return false }
            lease.tasks.remove(at: at)
            lease.expectedNS -= min(expected, lease.expectedNS)
            return true
        } ?? false
    }

    // MARK: Asking

    private mutating func request(_ lease: LeaseID, for task: TaskID?, backlog: Int, into out: inout [OwnerDirective]) {
        guard let entry = leases[lease], let task, let spec = tasks[task]?.spec else { return }
        leases[lease]?.recoveries = recoveries
        var needed: [Dependency] = []
        for id in tasks[task]?.dependencies ?? [] {
            if let object = objects[id], case .stored(let nodes, let size, _, _)? = object.state {
                needed.append(Dependency(id: id, owner: object.owner, nodes: nodes, size: size))
            }
        }
        let message = RequestLease(
            lease: lease, attempt: spec.attempt, job: spec.id.job, kind: spec.kind == .step ? .step : .task,
            resources: spec.options.resources, priority: spec.options.priority, dependencies: needed, hops: entry.hops,
            backlog: UInt32(clamping: backlog), strategy: entry.strategy,
            environment: spec.options.environment)
        out.append(.send(.requestLease(message), to: entry.raylet))
    }

    /// A lease that lies idle under one key must not keep another key of this owner waiting.
    private mutating func returnIdleLeases(except key: SchedulingKey, into out: inout [OwnerDirective]) {
        guard queues.count > 1 else { return }
        let unused = queues.filter { $0.key != key && !$0.value.idle.isEmpty && $0.value.ready.isEmpty }
        // In the order of the leases, so that the same events give the same directives.
        for lease in unused.flatMap(\.value.idle).sorted(by: { $0.number < $1.number }) {
            if let entry = leases.removeValue(forKey: lease) {
                out.append(.send(.returnLease(ReturnLease(lease: lease, workerFailed: false)), to: entry.raylet))
            }
        }
        for (other, _) in unused {
            queues[other]?.idle = []
            if queues[other]?.isUnused == true { queues[other] = nil }
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
        guard leases.change(id, { $0.tasks.isEmpty && !$0.isSlow && $0.worker != nil }) == true, let lease = leases[id] else { return }
        // Mostly there is one key, its own.
        let others = queues.count - (queues.with(lease.key) { _ in 1 } ?? 0)
        if others > 0, queues.contains(where: { $0.key != lease.key && !$0.value.requested.isEmpty }) { return giveBack(id, into: &out) }
        guard !lease.isTimed else { return }
        leases[id]?.isTimed = true
        out.append(.startTimer(.idleLease(id, use: lease.uses), afterNS: Limits.idleLeaseNS))
    }

    /// Idle all the time since the clock was wound up: given back. Used meanwhile and idle again: the clock starts anew.
    mutating func idleTimeOver(_ id: LeaseID, use: UInt64, into out: inout [OwnerDirective]) {
        guard let lease = leases[id] else { return }
        leases[id]?.isTimed = false
        guard lease.tasks.isEmpty, !lease.isSlow, lease.worker != nil else { return }
        if lease.uses == use { giveBack(id, into: &out) } else { rest(id, into: &out) }
    }

    mutating func leaseSpillback(_ m: LeaseSpillback, into out: inout [OwnerDirective]) {
        guard var entry = leases[m.lease], entry.worker == nil else { return }
        entry.raylet = m.raylet
        entry.hops &+= 1
        leases[m.lease] = entry
        guard let task = firstReady(entry.key, into: &out), let count = queues[entry.key]?.ready.count else { return drop(m.lease) }
        request(m.lease, for: task, backlog: count, into: &out)
    }

    private mutating func drop(_ id: LeaseID) {
        guard let entry = leases.removeValue(forKey: id) else { return }
        queues[entry.key]?.requested.removeAll { $0 == id }
    }

    /// No node can ever serve this key: all its ready tasks end with the reason.
    mutating func leaseRejected(_ m: LeaseRejected, into out: inout [OwnerDirective]) {
        guard let entry = leases[m.lease], entry.worker == nil else { return }
        drop(m.lease)
        if !m.lost.isEmpty {
            // What is lost is made again; the others do not wait for it.
            for copies in m.lost { lose(copies.object, on: copies.nodes, seen: entry.recoveries, why: m.error.message, into: &out) }
        } else if m.error.code.isForGood {
            var doomed: [TaskID] = []
            while let id = queues[entry.key]?.ready.popFirst() { doomed.append(id) }
            for id in doomed where tasks[id]?.state == .queued { fail(id, m.error, into: &out) }
        } else if let id = firstReady(entry.key, into: &out) {
            _ = queues[entry.key]?.ready.popFirst()
            retryOrFail(id, m.error, into: &out)
        }
        serve(entry.key, into: &out)
    }

    /// The task that ran is charged with an attempt; those behind it had not begun. All of them are pushed alone from now on, so that the one
    /// which kills workers is known by its second victim.
    mutating func leaseLost(_ m: LeaseLost, now: UInt64, into out: inout [OwnerDirective]) {
        guard let entry = leases.removeValue(forKey: m.lease) else { return }
        queues[entry.key]?.idle.removeAll { $0 == m.lease }
        queues[entry.key]?.busy.removeAll { $0 == m.lease }
        queues[entry.key]?.requested.removeAll { $0 == m.lease }
        if entry.tasks.count > 1 {
            for id in entry.tasks { tasks[id]?.isSuspect = true }
            // Another number: what the dead worker left behind belongs to none of them.
            for id in entry.tasks.dropFirst() { tasks[id]?.spec.attempt.number += 1 }
            takeBack(Array(entry.tasks.dropFirst()), from: m.lease, into: &out)
        }
        if let id = entry.tasks.first, let task = tasks[id] {
            switch task.state {
            // No failure of the system: like an error of the body it is tried again only when that was asked for, which ``timedOut`` has seen.
            case .pushed(m.lease):
                let isOutOfMemory = entry.whyGivenUp == nil && m.error.code == .outOfMemory
                retryOrFail(id, entry.whyGivenUp ?? m.error, isOutOfMemory: isOutOfMemory, into: &out)
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

    /// The task has left the lease: what becomes ready finds the room, before anything else is asked for. ``settle(_:into:)`` must follow.
    mutating func unload(_ id: LeaseID, of task: TaskID) -> Bool {
        guard leases.change(id, { $0.worker != nil }) == true, leaveLease(id, task) else { return false }
        let (isGivenUp, idle) =
            leases.change(id) { lease -> (Bool, SchedulingKey?) in
                guard lease.whyGivenUp == nil else { return (true, nil) }
                lease.isSlow = false
                guard lease.tasks.isEmpty else { return (false, nil) }
                lease.expectedNS = 0
                return (false, lease.key)
            } ?? (true, nil)
        if let idle { becomeIdle(id, of: idle) }
        return !isGivenUp
    }

    /// Where a task that is to be spread runs is chosen by the raylet for each anew: the lease of another one would be the same node again. Only
    /// what is ready beyond the requests that may be open follows others.
    private func wantsOwnLeases(_ key: SchedulingKey) -> Bool {
        guard case .spread = key.strategy else { return false }
        return (queues[key]?.ready.count ?? 0) <= Limits.openLeaseRequests
    }

    mutating func settle(_ id: LeaseID, into out: inout [OwnerDirective]) {
        guard let key = leases.change(id, { $0.key }) else { return }
        if case .spread = key.strategy, leases.change(id, { $0.tasks.isEmpty }) == true, queues[key]?.idle.contains(id) != true {
            return giveBack(id, into: &out)
        }
        serve(key, into: &out)
        rest(id, into: &out)
    }

    /// A busy lease that has lost its last task may serve again.
    private mutating func becomeIdle(_ id: LeaseID, of key: SchedulingKey) {
        queues[key]?.busy.removeAll { $0 == id }
        if !wantsOwnLeases(key) { queues[key, default: KeyQueue()].idle.append(id) }
    }

    /// The connection to a worker broke. Mostly its process is gone, and its raylet says so.
    mutating func workerUnreachable(_ worker: Address, into out: inout [OwnerDirective]) {
        for (id, lease) in leases.filter({ $0.value.worker == worker }).sorted(by: { $0.key.number < $1.key.number })
        where !lease.tasks.isEmpty {
            leases[id]?.doubtful = lease.tasks
            out.append(.startTimer(.brokenLease(id), afterNS: Limits.brokenLeaseNS))
        }
    }

    /// The raylet would have reported the end of the process by now. What was on its way is lost, and nobody knows how far the worker is: it
    /// is ended, so that the next attempt is the only one.
    mutating func brokenLease(_ id: LeaseID, into out: inout [OwnerDirective]) {
        guard let lease = leases[id], lease.whyGivenUp == nil, lease.doubtful.contains(where: lease.tasks.contains) else { return }
        let worker = lease.worker.map { "\($0)" } ?? "its worker"
        giveUp(id, ErrorRecord(RayflowError(.workerCrashed, "the connection to \(worker) broke")), into: &out)
    }

    /// The raylet ends the worker and then reports the lease as lost, whatever the worker does meanwhile.
    mutating func giveUp(_ id: LeaseID, _ why: ErrorRecord, into out: inout [OwnerDirective]) {
        guard let raylet = leases[id]?.raylet else { return }
        out.append(.send(.returnLease(ReturnLease(lease: id, workerFailed: true)), to: raylet))
        leases[id]?.isSlow = true
        leases[id]?.whyGivenUp = why
    }

    mutating func askAgain(_ id: LeaseID, into out: inout [OwnerDirective]) {
        guard let lease = leases[id], lease.worker == nil, lease.raylet == raylet else { return }
        drop(id)
        serve(lease.key, into: &out)
    }

    /// It has no task, and its raylet needs to hear nothing.
    @discardableResult
    mutating func forgetIdle(_ id: LeaseID) -> LeaseEntry? {
        guard let entry = leases.removeValue(forKey: id) else { return nil }
        queues[entry.key]?.idle.removeAll { $0 == id }
        if queues[entry.key]?.isUnused == true { queues[entry.key] = nil }
        return entry
    }

    mutating func giveBack(_ id: LeaseID, into out: inout [OwnerDirective]) {
        guard let entry = forgetIdle(id) else { return }
        out.append(.send(.returnLease(ReturnLease(lease: id, workerFailed: false)), to: entry.raylet))
    }
}
