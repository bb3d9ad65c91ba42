package import RayflowCore

// Actor calls go straight from caller to actor. Order is first in, first out for each caller; retries stand outside the order.
extension OwnerInstance {
    /// Registers an actor with the GCS. Calls may be submitted at once; they wait for its process.
    package mutating func create(_ spec: TaskSpec, options: ActorSpecOptions, parent: LineageID, into out: inout [OwnerDirective]) {
        let actor = spec.id.actor
        if isDurable {
            out.append(.journal(.submitted(spec, parent: parent)))
            out.append(.journal(.actorCreated(spec, options)))
        }
        var line = actors[actor] ?? ActorLine()
        line.state = .pending
        line.maxTaskRetries = options.maxTaskRetries
        actors[actor] = line
        var refs: [ObjectID] = []
        for argument in spec.arguments {
            argument.collect(into: &refs)
            escape(argument.nestedRefs)
        }
        // A restart needs the constructor's arguments again: they are kept for the life of the actor.
        escape(refs)
        let resolved = refs.compactMap { id in
            objects[id].flatMap { row in row.state.map { ResolvedDependency(id: id, owner: row.owner, state: $0) } }
        }
        let request = nextRequest
        nextRequest += 1
        out.append(
            .send(
                .registerActor(RegisterActor(request: request, actor: actor, spec: spec, options: options, resolved: resolved)), to: .gcs))
    }

    /// A handle to an actor is known here with these options (handles made elsewhere have the defaults).
    package mutating func knowActor(_ actor: ActorID, maxTaskRetries: Int32) {
        actors[actor, default: ActorLine()].maxTaskRetries = maxTaskRetries
    }

    mutating func actorReply(_ m: ActorReply, now: UInt64, into out: inout [OwnerDirective]) {
        if let error = m.error { actorEnded(m.actor, error, into: &out) }
    }

    /// A call takes its place in the line.
    mutating func joinLine(_ id: TaskID, waiting: Int, into out: inout [OwnerDirective]) {
        let actor = id.actor
        // Changed in place: a copy of a long line for each call would cost the square of its length.
        if actors[actor] == nil { actors[actor] = ActorLine() }
        if case .dead(let error)? = actors[actor]?.state { return fail(id, error, into: &out) }
        guard let open = actors[actor]?.open, open < pendingCallLimit else {
            let error = RayflowError(.tooManyPending, "more than \(pendingCallLimit) calls wait for this actor")
            return fail(id, ErrorRecord(error), into: &out)
        }
        tasks[id]?.retriesLeft = actors[actor]?.maxTaskRetries ?? 0
        actors[actor]?.unsent.append(id)
        if waiting > 0 { actors[actor]?.waiting[id] = waiting }
        if actors[actor]?.isSubscribed == false {
            actors[actor]?.isSubscribed = true
            out.append(.send(.subscribeActor(SubscribeActor(actor: actor)), to: .gcs))
        }
        sendLine(actor, into: &out)
    }

    mutating func lineDependencyFinished(_ id: TaskID, into out: inout [OwnerDirective]) {
        guard let count = actors[id.actor]?.waiting[id] else { return }
        actors[id.actor]?.waiting[id] = count > 1 ? count - 1 : nil
        if count == 1 { sendLine(id.actor, into: &out) }
    }

    func isSent(_ id: TaskID) -> Bool { actors[id.actor]?.sent.contains(id) == true }

    mutating func leaveLine(_ id: TaskID, into out: inout [OwnerDirective]) {
        actors[id.actor]?.waiting[id] = nil
        actors[id.actor]?.sent.remove(id)
        if actors[id.actor]?.unsent.first == id { sendLine(id.actor, into: &out) }
    }

    /// Sends from the head of the line for as long as the head's dependencies are there.
    private mutating func sendLine(_ actor: ActorID, into out: inout [OwnerDirective]) {
        while case .alive? = actors[actor]?.state, let worker = actors[actor]?.worker, let id = actors[actor]?.unsent.first {
            guard var entry = tasks[id], !entry.isCancelled else {
                _ = actors[actor]?.unsent.popFirst()
                continue
            }
            guard actors[actor]?.waiting[id] == nil, let sequence = actors[actor]?.nextSequence,
                let incarnation = actors[actor]?.incarnation
            else { return }
            _ = actors[actor]?.unsent.popFirst()
            actors[actor]?.nextSequence += 1
            actors[actor]?.sent.insert(id)
            entry.spec.sequence = sequence
            tasks[id] = entry
            out.append(.send(.pushTask(pushMessage(entry, lease: LeaseID(owner: 0, number: UInt64(incarnation)))), to: worker))
            tell(entry.spec, .running, into: &out)
        }
    }

    mutating func actorUpdate(_ m: ActorUpdate, now: UInt64, into out: inout [OwnerDirective]) {
        guard var line = actors[m.actor], m.incarnation >= line.incarnation else { return }
        switch m.state {
        case .pending:
            line.state = .pending
            actors[m.actor] = line
        case .alive:
            if case .alive = line.state, line.incarnation == m.incarnation { return }
            let isNew = line.incarnation != m.incarnation
            line.state = .alive
            line.incarnation = m.incarnation
            line.worker = m.worker
            line.isInterrupted = false
            if isNew { line.nextSequence = 0 }
            actors[m.actor] = line
            if isNew { resend(m.actor, worker: m.worker, into: &out) }
            sendLine(m.actor, into: &out)
        case .restarting:
            line.state = .restarting
            line.incarnation = m.incarnation > line.incarnation ? m.incarnation - 1 : line.incarnation
            line.worker = nil
            // News come twice, and starts fail: calls are charged once for each time that they were in flight.
            let isNews = !line.isInterrupted
            line.isInterrupted = true
            actors[m.actor] = line
            if isNews { interrupt(m.actor, m.error ?? ErrorRecord(RayflowError(.actorUnavailable, "the actor restarts")), into: &out) }
        case .dead:
            actorEnded(m.actor, m.error ?? ErrorRecord(RayflowError(.actorDied, "the actor is dead")), into: &out)
        }
    }

    /// Calls in flight when the process went: those that may not run twice fail, the others wait for the next incarnation.
    private mutating func interrupt(_ actor: ActorID, _ error: ErrorRecord, into out: inout [OwnerDirective]) {
        for id in (actors[actor]?.sent ?? []).sorted(by: { (tasks[$0]?.spec.sequence ?? 0) < (tasks[$1]?.spec.sequence ?? 0) }) {
            guard var entry = tasks[id] else { continue }
            // In a durable run the actor's journal recognises a call that it has finished: sending it again is safe.
            guard entry.retriesLeft != 0 || isDurable else {
                fail(id, error, into: &out)
                continue
            }
            if entry.retriesLeft > 0 { entry.retriesLeft -= 1 }
            entry.spec.attempt.number += 1
            tasks[id] = entry
            tell(entry.spec, .retrying(error), into: &out)
        }
    }

    private mutating func resend(_ actor: ActorID, worker: Address, into out: inout [OwnerDirective]) {
        let again = (actors[actor]?.sent ?? []).compactMap { tasks[$0] }.sorted { $0.spec.sequence < $1.spec.sequence }
        for var entry in again {
            guard let line = actors[actor] else { return }
            entry.spec.sequence = line.nextSequence
            actors[actor]?.nextSequence += 1
            tasks[entry.spec.id] = entry
            out.append(.send(.pushTask(pushMessage(entry, lease: LeaseID(owner: 0, number: UInt64(line.incarnation)))), to: worker))
        }
    }

    mutating func actorEnded(_ actor: ActorID, _ error: ErrorRecord, into out: inout [OwnerDirective]) {
        guard var line = actors[actor] else { return }
        line.state = .dead(error)
        line.worker = nil
        var doomed = Array(line.sent)
        while let id = line.unsent.popFirst() { doomed.append(id) }
        actors[actor] = line
        for id in doomed.sorted(by: { $0.unique < $1.unique }) { fail(id, error, into: &out) }
    }

    /// The connection to an actor's process broke: calls wait for what the GCS says of it.
    mutating func connectionToActorLost(_ actor: ActorID, _ peer: Address, now: UInt64, into out: inout [OwnerDirective]) {
        guard let line = actors[actor], line.worker == peer else { return }
        actors[actor]?.state = .restarting
        actors[actor]?.worker = nil
        out.append(.send(.subscribeActor(SubscribeActor(actor: actor)), to: .gcs))
    }

    package mutating func kill(_ actor: ActorID, noRestart: Bool, into out: inout [OwnerDirective]) {
        out.append(.send(.killActor(KillActor(actor: actor, noRestart: noRestart)), to: .gcs))
    }
}

extension OwnerInstance {
    /// The creation itself had a fault: every call of the actor gets it.
    package mutating func failActor(_ actor: ActorID, _ error: ErrorRecord, into out: inout [OwnerDirective]) {
        actors[actor, default: ActorLine()].isSubscribed = true
        actorEnded(actor, error, into: &out)
    }
}
