package import RayflowCore

// Actors as their callers see them: created, alive, restarting, dead.
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
        line.isOwn = true
        line.know(options.maxTaskRetries, options.maxPendingCalls)
        // Handles in the journal of a durable run may come back in a later one: what they refer to is not counted.
        line.isCounted = !options.isDetached && !isDurable
        line.maxRestarts = options.maxRestarts
        if line.isCounted, options.maxRestarts != 0 { line.constructor = spec }
        var refs: [ObjectID] = [], nested: [ObjectID] = []
        for argument in spec.arguments {
            argument.collect(into: &refs)
            nested += argument.nestedRefs
        }
        // A restart needs the constructor's arguments again.
        line.arguments = (refs + nested).filter { objects[$0] != nil }
        for id in line.arguments { objects[id]?.taskRefs += 1 }
        let mustFollow = !line.arguments.isEmpty && !isDurable && !line.isSubscribed
        if mustFollow { line.isSubscribed = true }
        actors[actor] = line
        let request = nextRequest
        nextRequest += 1
        let registration = RegisterActor(request: request, actor: actor, spec: spec, options: options, resolved: resolved(spec))
        gcs.registrations[request] = registration
        out.append(.send(.registerActor(registration), to: .gcs))
        if mustFollow { out.append(.send(.subscribeActor(SubscribeActor(actor: actor)), to: .gcs)) }
    }

    /// Arguments of a constructor, as far as they are known. The others it asks for where it runs.
    func resolved(_ constructor: TaskSpec) -> [ResolvedDependency] {
        var refs: [ObjectID] = []
        for argument in constructor.arguments { argument.collect(into: &refs) }
        return refs.compactMap { id in
            objects[id].flatMap { row in row.state.map { ResolvedDependency(id: id, owner: row.owner, state: rebound($0)) } }
        }
    }

    /// The constructor does not run again.
    mutating func letGoArguments(of actor: ActorID, into out: inout [OwnerDirective]) {
        actors[actor]?.constructor = nil
        guard let held = actors[actor]?.arguments, !held.isEmpty else { return }
        actors[actor]?.arguments = []
        for id in held { objects[id]?.taskRefs -= 1 }
        for id in held { dropIfUnneeded(id, into: &out) }
    }

    // MARK: Handles

    /// Calls that have been submitted finish first.
    mutating func isInUse(_ handle: ObjectID) -> Bool {
        guard let actor = handle.handledActor, openCalls(of: actor) > 0 else { return false }
        actors[actor]?.isUnheld = true
        return true
    }

    mutating func lastHandleGone(of actor: ActorID, into out: inout [OwnerDirective]) {
        guard actors[actor]?.isCounted == true else { return }
        actors[actor]?.isCounted = false
        actors[actor]?.isOutOfScope = true
        // Also of one that is dead here: the GCS may not have heard that it was killed.
        leaveScope(actor, into: &out)
    }

    /// The creation itself had a fault: every call of the actor gets it.
    package mutating func failActor(_ actor: ActorID, _ error: ErrorRecord, into out: inout [OwnerDirective]) {
        actors[actor, default: ActorLine()].isSubscribed = true
        actorEnded(actor, error, into: &out)
    }

    mutating func actorReply(_ m: ActorReply, now: UInt64, into out: inout [OwnerDirective]) {
        let asked = gcs.registrations.removeValue(forKey: m.request)
        if let asked, asked.actor != m.actor {
            // There is one of that name: it lives by the handles of who made it.
            actors[asked.actor]?.isCounted = false
            gcs.outOfScope.removeAll { $0 == asked.actor }
            letGoArguments(of: asked.actor, into: &out)
        }
        if gcs.outOfScope.contains(m.actor) { tellOutOfScope(m.actor, into: &out) }
        if let error = m.error { actorEnded(m.actor, error, into: &out) }
    }

    /// Calls of this process to the actor that have not ended: while there are some, its handle here is in use.
    package func openCalls(of actor: ActorID) -> Int { actors[actor]?.open ?? 0 }

    // MARK: News

    mutating func actorUpdate(_ m: ActorUpdate, now: UInt64, into out: inout [OwnerDirective]) {
        // Behind a registration that was lost it must be killed once more.
        if m.state == .dead, !gcs.isRegistering(m.actor) { gcs.kills.remove(m.actor) }
        guard var line = actors[m.actor], m.comeback >= line.comebacks, m.incarnation >= line.incarnation else { return }
        // What an actor that leaves has said itself is the last word on that incarnation.
        if case .dead = line.state, m.state != .dead, m.incarnation == line.incarnation { return }
        if m.incarnation > 0 { line.know(m.maxTaskRetries, m.maxPendingCalls) }
        switch m.state {
        case .pending:
            line.state = .pending
            actors[m.actor] = line
        case .alive:
            let isNew = line.incarnation != m.incarnation
            if line.isAlive, !isNew { return actors[m.actor] = line }
            // The GCS may not have heard of the end of the process yet: the timer asks it once more.
            if line.isBroken, !isNew { return actors[m.actor] = line }
            if isNew, !line.isInterrupted, !line.sent.isEmpty {
                // The news of the end before did not come through.
                actors[m.actor] = line
                interrupt(m.actor, Self.processGone, into: &out)
                line = actors[m.actor] ?? line
            }
            line.state = .alive
            line.incarnation = m.incarnation
            line.worker = m.worker
            line.isInterrupted = false
            line.isBroken = false
            line.beginSequences()
            actors[m.actor] = line
            resend(m.actor, into: &out)
            sendLines(m.actor, into: &out)
            // The last life that it may have needs them no more.
            if line.maxRestarts >= 0, m.incarnation > UInt32(line.maxRestarts) { letGoArguments(of: m.actor, into: &out) }
        case .restarting:
            line.state = .restarting
            line.incarnation = m.incarnation > line.incarnation ? m.incarnation - 1 : line.incarnation
            line.worker = nil
            line.isBroken = false
            // News come twice, and starts fail: calls are charged once for each time that they were in flight.
            let isNews = !line.isInterrupted
            line.isInterrupted = true
            actors[m.actor] = line
            if isNews { interrupt(m.actor, m.error ?? Self.processGone, into: &out) }
        case .dead:
            actorEnded(m.actor, m.error ?? ErrorRecord(.actorDied, "the actor is dead"), into: &out)
        }
    }

    private static let processGone = ErrorRecord(.workerCrashed, "its process is gone")

    mutating func actorEnded(_ actor: ActorID, _ error: ErrorRecord, into out: inout [OwnerDirective]) {
        guard var line = actors[actor] else { return }
        let mayComeBack = line.mayComeBack && line.keptCalls > 0 && error.reason == .outOfScope
        line.state = .dead(error)
        line.worker = nil
        line.isBroken = false
        line.isBack = false
        // Calls that have to run again have waited for the end.
        let again = mayComeBack ? line.sent.filter { tasks[$0]?.state == .pausing } : []
        var doomed = Array(line.sent.subtracting(again))
        for group in line.groupNames {
            for caller in line[group].unsent.keys { while let id = line[group].unsent[caller]?.popFirst() { doomed.append(id) } }
            line[group].unsent = [:]
        }
        actors[actor] = line
        if mayComeBack { letGoHandles(amongArgumentsOf: actor, into: &out) } else { letGoArguments(of: actor, into: &out) }
        for id in doomed.sorted(by: { $0.unique < $1.unique }) {
            let isCancelled = tasks[id]?.isCancelled == true
            fail(id, isCancelled ? ErrorRecord(.cancelled, "the call was cancelled") : error, into: &out)
        }
        if !again.isEmpty { bringBack(actor, into: &out) }
    }

    /// An actor does not live for the sake of one that may come back.
    private mutating func letGoHandles(amongArgumentsOf actor: ActorID, into out: inout [OwnerDirective]) {
        let handles = actors[actor]?.arguments.filter { $0.handledActor != nil } ?? []
        actors[actor]?.arguments.removeAll { $0.handledActor != nil }
        for id in handles { objects[id]?.taskRefs -= 1 }
        for id in handles { dropIfUnneeded(id, into: &out) }
    }

    /// The actor leaves and has sent its last answer.
    mutating func actorExiting(_ m: ActorExiting, from: Address, into out: inout [OwnerDirective]) {
        if actors[m.actor]?.worker == from { actorEnded(m.actor, m.error, into: &out) }
        out.append(.send(.actorExitSeen(ActorExitSeen(actor: m.actor)), to: from))
    }

    /// The connection to an actor's process broke, or this owner has it killed: calls wait for what the GCS says of it.
    mutating func awaitNews(of actor: ActorID, at peer: Address, into out: inout [OwnerDirective]) {
        guard let line = actors[actor], line.worker == peer else { return }
        actors[actor]?.state = .restarting
        actors[actor]?.worker = nil
        actors[actor]?.isBroken = true
        actors[actor]?.connection += 1
        out.append(.send(.subscribeActor(SubscribeActor(actor: actor)), to: .gcs))
        out.append(.startTimer(.brokenActor(actor, connection: line.connection + 1), afterNS: Limits.brokenActorNS))
    }

    /// The GCS would have heard of the end of the process by now: if it still says that the actor lives, only the connection broke.
    mutating func brokenActor(_ actor: ActorID, connection: UInt64, into out: inout [OwnerDirective]) {
        guard let line = actors[actor], line.isBroken, line.connection == connection else { return }
        actors[actor]?.isBroken = false
        if !line.isInterrupted {
            actors[actor]?.isInterrupted = true
            interrupt(actor, ErrorRecord(.actorUnavailable, "the connection to its process broke"), into: &out)
        }
        out.append(.send(.subscribeActor(SubscribeActor(actor: actor)), to: .gcs))
    }
}

extension ActorLine {
    fileprivate mutating func know(_ maxTaskRetries: Int32, _ maxPendingCalls: Int32) {
        self.maxTaskRetries = maxTaskRetries
        self.maxPendingCalls = maxPendingCalls < 0 ? nil : Int(maxPendingCalls)
    }
}
