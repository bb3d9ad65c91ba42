package import RayflowCore

// Actor calls go straight from caller to actor. Order is first in, first out for each caller and concurrency group; retries stand outside
// the order.
extension OwnerInstance {
    /// A call takes its place in the line.
    mutating func joinLine(_ id: TaskID, waiting: Int, into out: inout [OwnerDirective]) {
        let actor = id.actor, limit = pendingCallLimit
        let found = tasks.change(id) { entry in
            entry.state = .inActorLine
            return (entry.spec.group, entry.caller)
        }
        guard let (group, caller) = found else { return }
        if actors.with(actor, { _ in true }) == nil { actors[actor] = ActorLine() }
        if let refusal = actors.change(actor, { $0.join(limit) }).flatMap(\.self) { return fail(id, refusal, into: &out) }
        if actors.with(actor, { $0.isSubscribed }) == false {
            actors[actor]?.isSubscribed = true
            out.append(.send(.subscribeActor(SubscribeActor(actor: actor)), to: .gcs))
        }
        // Mostly nothing is ahead of it.
        if waiting == 0, let worker = aliveWorker(of: actor), actors.with(actor, { $0.isClear(group, caller) }) == true {
            return sendNext(id, to: worker, into: &out)
        }
        actors[actor]?[group].unsent[caller, default: TaskQueue()].append(id)
        if waiting > 0 { actors[actor]?.waiting[id] = waiting }
        sendLine(actor, group, of: caller, into: &out)
    }

    mutating func lineDependencyFinished(_ id: TaskID, into out: inout [OwnerDirective]) {
        guard let count = actors[id.actor]?.waiting[id], let group = tasks[id]?.spec.group, let caller = tasks[id]?.caller else { return }
        actors[id.actor]?.waiting[id] = count > 1 ? count - 1 : nil
        if count == 1 { sendLine(id.actor, group, of: caller, into: &out) }
    }

    /// The concurrency group of an unfinished call of this process; nil for anything else.
    package func group(ofCall id: ObjectID) -> String? { tasks[id.task]?.spec.group }

    func isSent(_ id: TaskID) -> Bool { actors.with(id.actor) { $0.sent.contains(id) } == true }

    /// The call has ended.
    mutating func leaveLine(_ entry: TaskEntry, into out: inout [OwnerDirective]) {
        let id = entry.spec.id
        let left = actors.change(id.actor) { line in
            line.open -= 1
            let isLast = line.isUnheld && line.open == 0
            if isLast { line.isUnheld = false }
            return (isLast, isBack: line.isBack, wasSent: line.sent.remove(id) != nil)
        }
        guard let (isLast, isBack, wasSent) = left else { return }
        if isBack { endComeback(id.actor, into: &out) }
        if isLast { dropIfUnneeded(ObjectID(handleOf: id.actor), into: &out) }
        if wasSent { return }
        actors[id.actor]?.waiting[id] = nil
        let group = entry.spec.group
        if actors[id.actor]?[group].unsent[entry.caller]?.first == id { sendLine(id.actor, group, of: entry.caller, into: &out) }
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

    func aliveWorker(of actor: ActorID) -> Address? { actors.with(actor) { $0.isAlive ? $0.worker : nil }.flatMap(\.self) }

    private mutating func sendNext(_ id: TaskID, to worker: Address, into out: inout [OwnerDirective]) {
        guard let group = tasks.with(id, { $0.spec.group }), let sequence = actors.change(id.actor, { $0.takePlace(id, in: group) }) else {
            return
        }
        tasks.change(id) { $0.spec.sequence = sequence }
        send(id, to: worker, into: &out)
    }

    private mutating func send(_ id: TaskID, to worker: Address, into out: inout [OwnerDirective]) {
        guard let place = actors.with(id.actor, { LeaseID(owner: $0.connection, number: UInt64($0.incarnation)) }),
            let message = pushMessage(id, lease: place)
        else { return }
        out.append(.send(.pushTask(message), to: worker))
        tell(id, .running, into: &out)
    }

    // MARK: Again

    /// How often the call may be made again is known at the latest when that matters: the actor's options come with its first news.
    mutating func knowRetries(_ id: TaskID) {
        guard tasks.with(id, { $0.retriesLeft }) == SpecOptions.asActor else { return }
        tasks[id]?.retriesLeft = actors[id.actor]?.maxTaskRetries ?? 0
    }

    /// The pause after an error that is to be tried again is over. While the actor is away the call waits for it, and while it ends for its next
    /// life.
    mutating func callAgain(_ id: TaskID, into out: inout [OwnerDirective]) {
        guard let line = actors[id.actor], line.isAlive, !line.mayComeBack, let worker = line.worker else { return }
        tasks[id]?.state = .inActorLine
        tasks[id]?.spec.sequence = TaskSpec.unordered
        send(id, to: worker, into: &out)
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
            send(id, to: worker, into: &out)
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
