package import RayflowCore

// Actor calls go straight from caller to actor. Order is first in, first out for each caller and concurrency group; retries stand outside
// the order.
extension OwnerInstance {
    /// A call takes its place in the line.
    mutating func joinLine(_ id: TaskID, waiting: Int, into out: inout [OwnerDirective]) {
        let actor = id.actor
        guard let spec = tasks[id]?.spec, let caller = tasks[id]?.caller else { return }
        tasks[id]?.state = .inActorLine
        // Changed in place: a copy of a long line for each call would cost the square of its length.
        actors[actor, default: ActorLine()].open += 1
        if case .dead(let error)? = actors[actor]?.state { return fail(id, error, into: &out) }
        if let limit = actors[actor]?.maxPendingCalls, let open = actors[actor]?.open, open > limit {
            let text = "\(open - 1) calls of this actor are unfinished, and its maxPendingCalls is \(limit): wait for some of them first"
            return fail(id, ErrorRecord(.pendingCallsLimit, text), into: &out)
        }
        guard let open = actors[actor]?.open, open <= pendingCallLimit else {
            return fail(id, ErrorRecord(.tooManyPending, "more than \(pendingCallLimit) calls wait for this actor"), into: &out)
        }
        if actors[actor]?.isSubscribed == false {
            actors[actor]?.isSubscribed = true
            out.append(.send(.subscribeActor(SubscribeActor(actor: actor)), to: .gcs))
        }
        // Mostly nothing is ahead of it.
        if waiting == 0, let worker = aliveWorker(of: actor), actors[actor]?[spec.group].unsent[caller] == nil {
            return sendNext(id, to: worker, into: &out)
        }
        actors[actor]?[spec.group].unsent[caller, default: TaskQueue()].append(id)
        if waiting > 0 { actors[actor]?.waiting[id] = waiting }
        sendLine(actor, spec.group, of: caller, into: &out)
    }

    mutating func lineDependencyFinished(_ id: TaskID, into out: inout [OwnerDirective]) {
        guard let count = actors[id.actor]?.waiting[id], let group = tasks[id]?.spec.group, let caller = tasks[id]?.caller else { return }
        actors[id.actor]?.waiting[id] = count > 1 ? count - 1 : nil
        if count == 1 { sendLine(id.actor, group, of: caller, into: &out) }
    }

    /// The concurrency group of an unfinished call of this process; nil for anything else.
    package func group(ofCall id: ObjectID) -> String? { tasks[id.task]?.spec.group }

    func isSent(_ id: TaskID) -> Bool { actors[id.actor]?.sent.contains(id) == true }

    /// The call has ended.
    mutating func leaveLine(_ entry: TaskEntry, into out: inout [OwnerDirective]) {
        let spec = entry.spec, actor = spec.id.actor
        actors[actor]?.open -= 1
        endComeback(actor, into: &out)
        if actors[actor]?.isUnheld == true, actors[actor]?.open == 0 {
            actors[actor]?.isUnheld = false
            dropIfUnneeded(ObjectID(handleOf: actor), into: &out)
        }
        if actors[actor]?.sent.remove(spec.id) != nil { return }
        actors[actor]?.waiting[spec.id] = nil
        if actors[actor]?[spec.group].unsent[entry.caller]?.first == spec.id { sendLine(actor, spec.group, of: entry.caller, into: &out) }
    }

    mutating func sendLines(_ actor: ActorID, into out: inout [OwnerDirective]) {
        for group in actors[actor]?.groupNames ?? [] {
            for caller in (actors[actor]?[group].unsent.keys).map({ $0.sorted() }) ?? [] { sendLine(actor, group, of: caller, into: &out) }
        }
    }

    /// Sends from the head of a caller's line for as long as the head's dependencies are there.
    private mutating func sendLine(_ actor: ActorID, _ group: String, of caller: UInt64, into out: inout [OwnerDirective]) {
        defer { if actors[actor]?[group].unsent[caller]?.isEmpty == true { actors[actor]?[group].unsent[caller] = nil } }
        while let worker = aliveWorker(of: actor), let id = actors[actor]?[group].unsent[caller]?.first {
            let isOver = tasks[id]?.isCancelled != false
            if !isOver, actors[actor]?.waiting[id] != nil { return }
            _ = actors[actor]?[group].unsent[caller]?.popFirst()
            if !isOver { sendNext(id, to: worker, into: &out) }
        }
    }

    private func aliveWorker(of actor: ActorID) -> Address? { actors[actor]?.isAlive == true ? actors[actor]?.worker : nil }

    private mutating func sendNext(_ id: TaskID, to worker: Address, into out: inout [OwnerDirective]) {
        guard var entry = tasks[id], let sequence = actors[id.actor]?[entry.spec.group].nextSequence else { return }
        actors[id.actor]?[entry.spec.group].nextSequence += 1
        actors[id.actor]?.sent.insert(id)
        entry.spec.sequence = sequence
        tasks[id] = entry
        send(entry, to: worker, into: &out)
    }

    private mutating func send(_ entry: TaskEntry, to worker: Address, into out: inout [OwnerDirective]) {
        guard let line = actors[entry.spec.id.actor] else { return }
        let place = LeaseID(owner: line.connection, number: UInt64(line.incarnation))
        out.append(.send(.pushTask(pushMessage(entry, lease: place)), to: worker))
        tell(entry.spec, isReported: entry.isReported, .running, into: &out)
    }

    // MARK: Again

    /// How often the call may be made again is known at the latest when that matters: the actor's options come with its first news.
    mutating func knowRetries(_ id: TaskID) {
        guard tasks[id]?.retriesLeft == SpecOptions.asActor else { return }
        tasks[id]?.retriesLeft = actors[id.actor]?.maxTaskRetries ?? 0
    }

    /// The pause after an error that is to be tried again is over. While the actor is away the call waits for it, and while it ends for its next
    /// life.
    mutating func callAgain(_ id: TaskID, into out: inout [OwnerDirective]) {
        guard let line = actors[id.actor], line.isAlive, !line.mayComeBack, let worker = line.worker else { return }
        tasks[id]?.state = .inActorLine
        tasks[id]?.spec.sequence = TaskSpec.unordered
        if let entry = tasks[id] { send(entry, to: worker, into: &out) }
    }

    /// Calls in flight when the process went: those that may not run twice fail, the others wait for the next incarnation.
    mutating func interrupt(_ actor: ActorID, _ error: ErrorRecord, into out: inout [OwnerDirective]) {
        for id in inOrder(actors[actor]?.sent ?? []) {
            knowRetries(id)
            guard var entry = tasks[id], entry.state == .inActorLine else { continue }
            if entry.isCancelled {
                fail(id, ErrorRecord(.cancelled, "the call was cancelled"), into: &out)
                continue
            }
            // In a durable run the actor's journal recognises a call that it has finished: sending it again is safe.
            guard entry.retriesLeft != 0 || isDurable else {
                fail(id, unavailable(error), into: &out)
                continue
            }
            if entry.retriesLeft > 0 { entry.retriesLeft -= 1 }
            entry.spec.attempt.number += 1
            tasks[id] = entry
            tell(entry.spec, isReported: entry.isReported, .retrying(error), into: &out)
        }
    }

    /// Calls that were in flight, in their order, before those that were never sent.
    mutating func resend(_ actor: ActorID, into out: inout [OwnerDirective]) {
        guard let worker = actors[actor]?.worker else { return }
        for id in inOrder(actors[actor]?.sent ?? []) {
            guard var entry = tasks[id], let line = actors[actor] else { continue }
            if entry.state == .pausing, line.mayComeBack { continue }
            if entry.state == .pausing {
                entry.spec.sequence = TaskSpec.unordered
            } else if entry.spec.sequence != TaskSpec.unordered {
                entry.spec.sequence = line[entry.spec.group].nextSequence
                actors[actor]?[entry.spec.group].nextSequence += 1
            }
            entry.state = .inActorLine
            tasks[id] = entry
            send(entry, to: worker, into: &out)
        }
    }

    private func inOrder(_ calls: Set<TaskID>) -> [TaskID] {
        calls.compactMap { tasks[$0] }.sorted { ($0.spec.sequence, $0.spec.id.unique) < ($1.spec.sequence, $1.spec.id.unique) }
            .map(\.spec.id)
    }

    private func unavailable(_ cause: ErrorRecord) -> ErrorRecord {
        var record = cause
        record.code = .actorUnavailable
        record.message = "the actor restarts, and this call may or may not have run: \(cause.message)"
        record.task = nil
        record.typed = nil
        return record
    }
}
