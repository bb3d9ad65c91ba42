package import RayflowCore

// The life of a task: submitted, waiting for its dependencies, queued, pushed, ended.
extension OwnerInstance {
    /// Records a submission; its results exist from now on, each with one local reference held by the caller.
    ///
    /// - Parameters:
    ///   - fingerprint: must equal the recorded one for an outcome of an earlier epoch to be reused; empty when there is none.
    ///   - parent: lineage of the task (or driver) that submits.
    ///   - parentTask: the task that submits, for its cancellation; nil: none is cancelled with it.
    ///   - pathLength: how many tasks the longest path from this one to the exit of the graph has, itself counted; 0: unknown. Among ready
    ///     tasks of one scheduling key (so of one priority) the longest goes first.
    ///   - caller: calls to an actor with the same number are sent in the order of their submission.
    package mutating func submit(
        _ spec: TaskSpec, fingerprint: [UInt8] = [], parent: LineageID, parentTask: TaskID? = nil, pathLength: UInt32 = 0,
        caller: UInt64 = 0, now: UInt64, into out: inout [OwnerDirective]
    ) {
        for index in 0..<Int(spec.resultCount) {
            let id = spec.result(index)
            var entry = ObjectEntry(owner: address, lineage: isDurable ? spec.lineage.result(index) : .none)
            entry.localRefs = 1
            objects[id] = entry
        }
        if spec.options.streamWindow > 0 { openStream(spec) }
        // The items of a stream are not kept in the journal: it is made again.
        if !spec.lineage.isNone, spec.options.streamWindow == 0, let recorded = history[spec.lineage], recorded.fingerprint == fingerprint,
            recorded.version == nil || recorded.version == spec.function.version,
            recorded.isInFiles || recorded.states.count == Int(spec.resultCount)
        {
            if recorded.isInFiles {
                var entry = TaskEntry(
                    spec: spec, state: .loading, retriesLeft: spec.options.maxRetries, fingerprint: fingerprint, dependencies: [])
                entry.pathLength = pathLength
                tasks[spec.id] = entry
                return out.append(.load(spec.id, spec.lineage))
            }
            reuse(recorded, for: spec, isReported: false, into: &out)
            return
        }
        guard tasks.count < pendingTaskLimit else {
            let error = ErrorRecord(
                RayflowError(.tooManyPending, "more than \(pendingTaskLimit) tasks are pending; wait for some before submitting more"))
            for id in spec.results { finish(id, .failed(error), into: &out) }
            return
        }
        if isDurable { out.append(.journal(.submitted(spec, parent: parent))) }
        start(spec, fingerprint: fingerprint, parentTask: parentTask, pathLength: pathLength, caller: caller, into: &out)
    }

    /// Recorded results are back, or (nil) could not be read: then the task runs again.
    package mutating func loaded(_ id: TaskID, _ recorded: Recorded?, now: UInt64, into out: inout [OwnerDirective]) {
        guard let entry = tasks[id], entry.state == .loading else { return }
        tasks[id] = nil
        guard let recorded, recorded.states.count == Int(entry.spec.resultCount) else {
            history[entry.spec.lineage] = nil
            return start(entry.spec, fingerprint: entry.fingerprint, pathLength: entry.pathLength, into: &out)
        }
        reuse(recorded, for: entry.spec, isReported: entry.isReported, into: &out)
    }

    private mutating func reuse(_ recorded: Recorded, for spec: TaskSpec, isReported: Bool, into out: inout [OwnerDirective]) {
        adopt(recorded.moved, from: nil, into: &out)
        tell(spec, isReported: isReported, .reused, into: &out)
        for (object, state) in zip(spec.results, recorded.states) { finish(object, state, into: &out) }
        letGoAdopted(recorded.moved, into: &out)
    }

    private mutating func start(
        _ spec: TaskSpec, fingerprint: [UInt8], parentTask: TaskID? = nil, pathLength: UInt32, caller: UInt64 = 0,
        into out: inout [OwnerDirective]
    ) {
        var refs: [ObjectID] = []
        for argument in spec.arguments { argument.collect(into: &refs) }
        var seen = Set<ObjectID>()
        refs = refs.filter { seen.insert($0).inserted }
        var entry = TaskEntry(
            spec: spec, state: .queued, retriesLeft: spec.options.maxRetries, fingerprint: fingerprint, dependencies: refs)
        entry.parent = parentTask?.unique ?? 0
        entry.pathLength = pathLength
        entry.caller = caller
        for argument in spec.arguments { carry(argument.nestedRefs, in: &entry, into: &out) }
        var waiting = 0
        for id in refs {
            if objects[id] == nil {
                let owner = spec.ownerOfArgument(id) ?? address
                objects[id] = owner == address ? forgotten(id) : ObjectEntry(owner: owner, lineage: .none)
            }
            objects[id]?.taskRefs += 1
            if objects.with(id, { $0.isAvailable }) != true {
                objects[id]?.dependents.append(spec.id)
                waiting += 1
            }
        }
        let mustWait = spec.kind == .actorCall || waiting > 0
        entry.state = mustWait ? .waiting(waiting) : .queued
        tasks[spec.id] = entry
        for id in refs {
            if let record = failure(of: id) { return fail(spec.id, record, into: &out) }
        }
        for id in refs where objects.with(id, { $0.isAvailable }) != true { watch(id, into: &out) }
        if spec.kind == .actorCall { return joinLine(spec.id, waiting: waiting, into: &out) }
        if !mustWait { enqueue(spec.id, into: &out) }
    }

    /// Refs that only travel along are held like dependencies until the task ends.
    mutating func carry(_ refs: [ObjectID], in entry: inout TaskEntry, into out: inout [OwnerDirective]) {
        for id in refs where objects[id] != nil {
            objects[id]?.taskRefs += 1
            entry.carried.append(id)
            if hostedActor != nil, id.handledActor == hostedActor { claim([id], into: &out) }
        }
    }

    private func failure(of id: ObjectID) -> ErrorRecord? {
        if case .failed(let record)? = objects[id]?.state { return record }
        return nil
    }

    mutating func dependencyFinished(_ id: TaskID, of object: ObjectID, _ state: ObjectState, into out: inout [OwnerDirective]) {
        guard tasks[id] != nil else { return }
        if case .failed(let record) = state { return fail(id, record, into: &out) }
        switch tasks[id]?.state {
        case .waiting(1)?: goOn(id, into: &out)
        case .waiting(let count)?: tasks[id]?.state = .waiting(count - 1)
        case .inActorLine?: lineDependencyFinished(id, into: &out)
        default: break
        }
    }

    mutating func enqueue(_ id: TaskID, into out: inout [OwnerDirective]) {
        let found = tasks.change(id) { entry in
            entry.state = .queued
            return (entry.key, entry.pathLength)
        }
        guard let (key, pathLength) = found else { return }
        queues[key, default: KeyQueue()].ready.append(id, pathLength: pathLength)
        tell(id, .queued, into: &out)
        serve(key, into: &out)
    }

    // MARK: Pushing

    /// The task goes to the worker of a lease. An attempt with side effects is journaled first.
    mutating func push(_ id: TaskID, on lease: LeaseID, into out: inout [OwnerDirective]) {
        let durations = durations
        guard
            let (expected, mustRecord) = tasks.change(
                id,
                { entry in
                    entry.expectedNS = entry.expectedDuration(by: durations) ?? Limits.pushedAheadNS
                    return (entry.expectedNS, entry.spec.options.hasSideEffects)
                })
        else { return }
        let key = leases.change(lease) { entry in
            defer {
                entry.tasks.append(id)
                entry.expectedNS += expected
                entry.uses += 1
            }
            return entry.tasks.isEmpty ? entry.key : nil
        }
        if let key = key.flatMap(\.self) { queues[key, default: KeyQueue()].busy.append(lease) }
        if isDurable, mustRecord, let spec = tasks[id]?.spec {
            tasks[id]?.state = .committing(lease)
            out.append(.journalThenPush(.started(spec), id))
        } else {
            send(id, on: lease, into: &out)
        }
    }

    /// The record that an attempt starts is committed: now the attempt may be made.
    package mutating func journalCommitted(_ id: TaskID, now: UInt64, into out: inout [OwnerDirective]) {
        guard case .committing(let lease)? = tasks[id]?.state else { return }
        send(id, on: lease, into: &out)
    }

    private mutating func send(_ id: TaskID, on lease: LeaseID, into out: inout [OwnerDirective]) {
        guard let worker = leases.change(lease, { $0.worker }).flatMap(\.self) else { return }
        tasks.change(id) { $0.state = .pushed(lease) }
        guard var message = pushMessage(id, lease: lease) else { return }
        let spec = message.spec
        if spec.kind == .function {
            pushes += 1
            message.spec.sequence = pushes
        }
        out.append(.send(.pushTask(message), to: worker))
        // The raylet there has brought, or will bring, copies of what is large.
        for object in message.resolved where object.state.isStored { addLocation(object.id, worker.nodeID) }
        tell(id, .running, into: &out)
        if spec.options.timeoutMS > 0, spec.kind != .step {
            out.append(.startTimer(.attemptTimeout(id, spec.attempt), afterNS: spec.options.timeoutMS &* 1_000_000))
        }
    }

    func pushMessage(_ id: TaskID, lease: LeaseID) -> PushTask? {
        // No closure here and in what it calls looks at `self`: it would hold a copy of this whole Instance.
        let found = tasks.with(id) { ($0.spec, $0.dependencies, $0.carried.isEmpty) }
        guard case (var spec, let dependencies, let isPlain)? = found else { return nil }
        var resolved: [ResolvedDependency] = []
        for id in dependencies {
            guard let object = objects[id], let state = object.state else { continue }
            resolved.append(ResolvedDependency(id: id, owner: object.owner, state: rebound(state)))
        }
        if !isPlain {
            for at in spec.arguments.indices { spec.arguments[at] = rebound(spec.arguments[at]) }
        }
        return PushTask(lease: lease, spec: spec, resolved: resolved, history: [], replay: [])
    }

    // MARK: Endings

    /// - Returns: false when it is of no use: for an attempt that was given up, or once more.
    @discardableResult
    mutating func taskReply(_ m: TaskReply, from: Address, now: UInt64, into out: inout [OwnerDirective]) -> Bool {
        let found = tasks.with(m.task) { ($0.spec.attempt, $0.state, $0.spec.kind) }
        guard let (attempt, state, kind) = found, attempt == m.attempt else {
            // The attempt before this one has ended once already when this one runs in its place.
            if case .pushed(m.lease)? = found?.1 {} else { freeLease(m.lease, of: m.task, into: &out) }
            discard(m, into: &out)
            return false
        }
        switch state {
        case .pushed(m.lease): break
        case .inActorLine where isSent(m.task): break
        default: return false  // for another lease, or once more while the results are being persisted
        }
        let isUnloaded = unload(m.lease, of: m.task)
        switch m.outcome {
        case .finished(let states):
            if let index = tasks.with(m.task, { $0.spec.function.index }), kind == .function { measure(index, executionNS: m.executionNS) }
            adopt(m.moved, from: from, into: &out)
            let mayPersist = isDurable && kind != .actorCall && states.hasStored
            let stored = mayPersist ? zip(tasks[m.task]?.spec.results ?? [], states).filter { $0.1.isStored } : []
            if !stored.isEmpty {
                // Visible only when persisted: a dependent's record never stands on disk without its inputs'.
                tasks[m.task]?.state = .persisting
                tasks[m.task]?.reply = m
                if m.delivery != 0 { carryOver(states, m.moved, in: m.task, into: &out) }
                for (id, state) in stored { objects[id]?.pendingState = state }
                out.append(.persist(m.task, stored.map(\.0)))
            } else {
                complete(m.task, states, m, into: &out)
            }
        case .failed(let record, let isApplicationError):
            if kind == .actorCall { knowRetries(m.task) }
            if isApplicationError, let rule = tasks[m.task]?.spec.options.retryRule, !retries(rule, record) {
                fail(m.task, record, into: &out)
            } else {
                retryOrFail(m.task, record, into: &out)
            }
        case .cancelled:
            fail(m.task, ErrorRecord(RayflowError(.cancelled, "the task was cancelled")), into: &out)
        case .stale:
            break
        }
        if isUnloaded { settle(m.lease, into: &out) }
        return true
    }

    /// Refs in results that cannot be seen yet.
    private mutating func carryOver(_ states: [ObjectState], _ moved: [MovedObject], in task: TaskID, into out: inout [OwnerDirective]) {
        guard var entry = tasks[task] else { return }
        carry(states.flatMap(\.enclosedRefs).map(\.id) + moved.map(\.id), in: &entry, into: &out)
        tasks[task] = entry
    }

    /// Results of a task that has ended otherwise: nobody needs what lies in shared memory.
    private func discard(_ m: TaskReply, into out: inout [OwnerDirective]) {
        guard tasks[m.task] == nil, case .finished(let states) = m.outcome else { return }
        for (index, state) in states.enumerated() {
            let id = ObjectID(task: m.task, index: UInt32(index + 1))
            guard case .stored(let nodes, _, _, _) = state else { continue }
            if case .stored? = objects[id]?.state { continue }
            for node in nodes { out.append(.send(.deleteObjects(DeleteObjects(objects: [id])), to: .raylet(of: node))) }
        }
    }

    /// Results in shared memory are now in the run folder as well (or the journal has failed, which ends the run elsewhere).
    package mutating func persisted(_ id: TaskID, now: UInt64, into out: inout [OwnerDirective]) {
        guard let reply = tasks[id]?.reply, case .finished(let states) = reply.outcome else { return }
        complete(id, states, reply, into: &out)
    }

    /// What a result that waits to be persisted will be, for the shell that persists it.
    package func unpersistedState(of id: ObjectID) -> ObjectState? { objects[id]?.pendingState }

    mutating func complete(_ id: TaskID, _ states: [ObjectState], _ m: TaskReply, into out: inout [OwnerDirective]) {
        if states.hasStored { knowRetries(id) }
        guard let (count, isStream) = tasks.with(id, { (Int($0.spec.resultCount), $0.spec.options.streamWindow > 0) }) else { return }
        guard states.count == count else {
            let text = "\(tasks[id]?.spec.function.name ?? "") returned \(states.count) results, \(count) were expected"
            return fail(id, ErrorRecord(RayflowError(.typeMismatch, text)), into: &out)
        }
        if isStream, let spec = tasks[id]?.spec, let fault = fault(ofStream: spec, states) { return fail(id, fault, into: &out) }
        // The journal of an actor's process has an actor call already.
        if isDurable, let entry = tasks[id], entry.spec.kind != .actorCall, !entry.isAgain {
            out.append(
                .journal(
                    .finished(entry.spec, fingerprint: entry.fingerprint, states: states, moved: m.moved, executionNS: m.executionNS)))
        }
        // Before a result that nobody needs takes the refs in it with it, and before its actor is out of scope with its last call.
        if states.hasStored, let entry = tasks[id] { keepLineage(of: entry, states, into: &out) }
        guard let entry = remove(id, into: &out) else { return }
        tell(entry.spec, isReported: entry.isReported, .finished, into: &out)
        if entry.isAgain {
            recoveries += 1
            for (object, state) in zip(entry.spec.results, states) { finishAgain(object, state, into: &out) }
        } else {
            for (index, state) in states.enumerated() { finish(entry.spec.result(index), state, into: &out) }
        }
        letGoArguments(of: entry, into: &out)
    }

    /// Ends a task with an error, which is also what its dependents get: they never run.
    mutating func fail(_ id: TaskID, _ record: ErrorRecord, into out: inout [OwnerDirective]) {
        guard let entry = tasks[id] else { return }
        var record = record
        if record.task == nil {
            record.task = change(entry.spec, .queued).name
            record.attempt = Int(entry.spec.attempt.number)
        }
        if isDurable, entry.spec.kind != .actorCall { out.append(.journal(.failed(entry.spec, record))) }
        remove(id, into: &out)
        let wasCancelled = record.code == .cancelled
        tell(entry.spec, isReported: entry.isReported, wasCancelled ? .cancelled : .failed(record), into: &out)
        if lineage.count > 0 { lineage.update(entry.spec, retriesLeft: entry.retriesLeft) }
        for object in entry.spec.results { finish(object, .failed(record), into: &out) }
        letGoArguments(of: entry, into: &out)
    }

    private mutating func letGoArguments(of entry: TaskEntry, into out: inout [OwnerDirective]) {
        for object in entry.dependencies { dropIfUnneeded(object, into: &out) }
        for object in entry.carried { dropIfUnneeded(object, into: &out) }
    }

    @discardableResult
    private mutating func remove(_ id: TaskID, into out: inout [OwnerDirective]) -> TaskEntry? {
        guard let entry = tasks.removeValue(forKey: id) else { return nil }
        switch entry.state {
        case .committing(let lease): freeLease(lease, of: id, into: &out)
        case .inActorLine: leaveLine(entry, into: &out)
        case .pausing where entry.spec.kind == .actorCall: leaveLine(entry, into: &out)
        case .queued: serve(entry.key, into: &out)  // a lease that only it wanted is no longer asked for
        default: break
        }
        for object in entry.dependencies { objects[object]?.taskRefs -= 1 }
        for object in entry.carried { objects[object]?.taskRefs -= 1 }
        if !gates.isEmpty { openGates(into: &out) }
        return entry
    }

    private func retries(_ rule: RetryRule, _ record: ErrorRecord) -> Bool {
        switch rule {
        case .systemFailuresOnly: false
        case .anyError: true
        case .types(let tags): tags.contains(record.remoteType ?? "")
        }
    }

    /// A system failure, or an error that the submission asked to retry: once more after a pause, or the end.
    ///
    /// - Parameter isOutOfMemory: the worker was ended because its node was short of memory.
    mutating func retryOrFail(_ id: TaskID, _ record: ErrorRecord, isOutOfMemory: Bool = false, into out: inout [OwnerDirective]) {
        guard var entry = tasks[id] else { return }
        if entry.isCancelled { return fail(id, ErrorRecord(RayflowError(.cancelled, "the task was cancelled")), into: &out) }
        let pause: UInt64
        if isOutOfMemory {
            guard entry.spec.options.maxRetries != 0, outOfMemoryRetries < 0 || entry.outOfMemoryFailures < UInt32(outOfMemoryRetries)
            else {
                return fail(id, record, into: &out)
            }
            let doublings = UInt64(min(entry.outOfMemoryFailures, 16))
            pause = min(Limits.firstOutOfMemoryRetryNS << doublings, Limits.longestOutOfMemoryRetryNS)
            entry.outOfMemoryFailures += 1
        } else {
            guard entry.retriesLeft != 0, record.code != .placementGroupRemoved else { return fail(id, record, into: &out) }
            if entry.retriesLeft > 0 { entry.retriesLeft -= 1 }
            pause = min(Limits.firstRetryNS << UInt64(min(entry.systemFailures, 16)), Limits.longestRetryNS)
            entry.systemFailures += 1
        }
        entry.spec.attempt.number += 1
        entry.state = .pausing
        tasks[id] = entry
        tell(entry.spec, isReported: entry.isReported, .retrying(record), into: &out)
        out.append(.startTimer(.retry(id, entry.spec.attempt), afterNS: pause))
    }

    mutating func timedOut(_ id: TaskID, _ attempt: Attempt, into out: inout [OwnerDirective]) {
        guard let entry = tasks[id], entry.spec.attempt == attempt, case .pushed(let lease) = entry.state else { return }
        let limit = entry.spec.options.timeoutMS
        let record = ErrorRecord(RayflowError(.taskTimeout, "attempt \(attempt.number) took longer than \(limit) ms"))
        // A body cannot be stopped from outside: its process goes.
        giveUp(lease, record, into: &out)
        // The next attempt waits for the end of this one. Without one the error is no secret.
        if entry.retriesLeft == 0 || !retries(entry.spec.options.retryRule, record) { fail(id, record, into: &out) }
    }

    // MARK: Cancelling

    /// Cancels the task that makes `object`: a pending one never runs, a running one is told (`force` ends its process). It is not tried again.
    ///
    /// - Parameter recursive: what the running task has submitted is cancelled as well.
    package mutating func cancel(_ object: ObjectID, force: Bool, recursive: Bool = true, into out: inout [OwnerDirective]) {
        guard let entry = tasks[object.task] else {
            if let row = objects[object], row.owner != address, row.state == nil {
                out.append(.send(.cancelObject(CancelObject(object: object, force: force, recursive: recursive)), to: row.owner))
            }
            return
        }
        let id = entry.spec.id
        if entry.state == .persisting { return }  // it has finished
        tasks[id]?.isCancelled = true
        switch entry.state {
        case .pushed(let lease):
            guard let worker = leases[lease]?.worker else { return }
            let message = CancelTask(task: id, attempt: entry.spec.attempt, force: force, recursive: recursive)
            out.append(.send(.cancelTask(message), to: worker))
        case .inActorLine where isSent(id):
            guard let worker = actors[id.actor]?.worker else {
                // Whatever has become of its process: it is not made again.
                return fail(id, ErrorRecord(.cancelled, "the call was cancelled"), into: &out)
            }
            let message = CancelTask(task: id, attempt: entry.spec.attempt, force: false, recursive: recursive)
            out.append(.send(.cancelTask(message), to: worker))
        default:
            fail(id, ErrorRecord(RayflowError(.cancelled, "the task was cancelled before it started")), into: &out)
        }
    }

    /// A task that runs in this process is cancelled: so is what it has submitted and has not ended.
    package mutating func cancelChildren(of parent: TaskID, force: Bool, into out: inout [OwnerDirective]) {
        let children = tasks.values.filter { $0.parent == parent.unique && !$0.isCancelled }.map(\.spec.id)
        for id in children.sorted(by: { $0.unique < $1.unique }) {
            cancel(ObjectID(task: id, index: 1), force: force, into: &out)
        }
    }

    /// Nothing can be finished any more: every task and every object that is waited for ends with this error.
    package mutating func failAll(_ record: ErrorRecord, into out: inout [OwnerDirective]) {
        for id in tasks.keys.sorted(by: { $0.unique < $1.unique }) { fail(id, record, into: &out) }
        for (id, entry) in objects where entry.state == nil { finish(id, .failed(record), into: &out) }
    }

    /// Everything that has not ended, for the cancellation of a whole run.
    package mutating func cancelAll(force: Bool, into out: inout [OwnerDirective]) {
        for id in tasks.keys.sorted(by: { $0.unique < $1.unique }) {
            guard let entry = tasks[id] else { continue }
            cancel(ObjectID(task: entry.spec.id, index: 1), force: force, into: &out)
        }
    }
}
