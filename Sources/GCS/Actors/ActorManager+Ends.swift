import RayflowCore

// Restarts and deaths.
extension ActorManager {
    /// The process of an incarnation is gone (its raylet has seen it, or its node is dead).
    mutating func ended(_ id: ActorID, _ error: ErrorRecord, into out: inout [GCSDirective]) {
        guard let was = actors[id], !was.isDead else { return }
        forgetLease(of: id)
        if let reason = was.ending { return die(id, left(was, reason), into: &out) }
        guard let entry = actors[id], entry.restartsLeft != 0 else {
            let spent = was.options.maxRestarts > 0 ? " (after \(was.options.maxRestarts) restarts)" : ""
            return die(id, died(was, error.message + spent, error), into: &out)
        }
        let isLife = if case .alive = was.stage { true } else { false }
        restart(entry, failedStarts: isLife ? 0 : entry.failedStarts + 1, error, into: &out)
    }

    /// The next incarnation, which the caller has seen that it may have.
    private mutating func restart(_ entry: ActorEntry, failedStarts: Int, _ error: ErrorRecord?, into out: inout [GCSDirective]) {
        var entry = entry
        entry.failedStarts = failedStarts
        if entry.restartsLeft > 0 { entry.restartsLeft -= 1 }
        entry.incarnation &+= 1
        entry.lastError = error
        entry.stage = .pausing
        actors[entry.id] = entry
        publish(entry.id, into: &out)
        out.append(.startTimer(.restartActor(entry.id, incarnation: entry.incarnation), afterNS: Self.pause(failedStarts)))
    }

    /// The lease is over; nothing is to be said to its raylet.
    mutating func forgetLease(of id: ActorID) {
        guard let lease = actors[id]?.lease else { return }
        byLease[lease.id] = nil
        actors[id]?.stage = .waiting
    }

    /// None after a life or one failed start, then 100 ms, doubling to 10 s.
    private static func pause(_ failedStarts: Int) -> UInt64 {
        guard failedStarts > 1 else { return 0 }
        return min(Limits.firstRestartNS << UInt64(min(failedStarts - 2, 20)), Limits.longestRestartNS)
    }

    mutating func restartDue(_ id: ActorID, incarnation: UInt32, nodes: inout NodeManager, into out: inout [GCSDirective]) {
        guard let entry = actors[id], entry.stage == .pausing, entry.incarnation == incarnation else { return }
        begin(id, nodes: &nodes, into: &out)
    }

    /// For good: its lease goes, its name is free, its subscribers hear why, its arguments are let go.
    mutating func die(_ id: ActorID, _ error: ErrorRecord, into out: inout [GCSDirective]) {
        guard var entry = actors[id], !entry.isDead else { return }
        if let lease = entry.lease {
            byLease[lease.id] = nil
            let message: Message
            if case .leasing = entry.stage {
                message = .cancelLease(CancelLease(lease: lease.id))
            } else {
                message = .returnLease(ReturnLease(lease: lease.id, workerFailed: true))
            }
            out.append(.send(message, to: lease.raylet))
        }
        if let name = ActorName(entry.options), names[name] == id { names[name] = nil }
        entry.stage = .dead(error)
        actors[id] = entry
        publish(id, into: &out)
        entry.subscribers = []
        entry.spec.arguments = []
        entry.resolved = []
        entry.replay = []
        actors[id] = entry
        remember(dead: id)
    }

    /// The oldest is forgotten for it when there are too many.
    mutating func remember(dead id: ActorID) {
        // One that lives again is remembered anew when it is dead.
        if let forgotten = dead.append(id), actors[forgotten]?.isDead == true, let old = actors.removeValue(forKey: forgotten) {
            for alias in old.aliases { aliases[alias] = nil }
        }
    }

    /// Who kills an actor for good is told that it is dead, however often it asks.
    mutating func kill(_ m: KillActor, from: Address, into out: inout [GCSDirective]) -> Bool {
        guard let entry = actors[resolve(m.actor)] else {
            if m.noRestart { tellUnknown(m.actor, from, into: &out) }
            return false
        }
        if m.noRestart {
            die(entry.id, died(entry, "it was killed", nil), into: &out)
            if let dead = actors[entry.id] { tell(ActorEntry.Subscriber(address: from, asked: m.actor), of: dead, into: &out) }
            return !entry.isDead
        }
        guard !entry.isDead else { return false }
        switch entry.stage {
        case .creating(let lease, _), .alive(let lease, _):
            // The next incarnation begins when the raylet has seen the process gone: then it reports the lease as lost.
            out.append(.send(.returnLease(ReturnLease(lease: lease.id, workerFailed: true)), to: lease.raylet))
        case .loading, .dormant, .waiting, .pausing, .leasing, .dead: break  // there is no process
        }
        return true
    }

    // MARK: Gentle ends

    /// Its creator says that its last handle is gone: it runs the calls that it has, then it goes and is not restarted, unless the creator asks
    /// for it again. Who has only found it by name says nothing of it.
    mutating func outOfScope(_ m: ActorOutOfScope, from: Address, into out: inout [GCSDirective]) {
        out.append(.send(.actorOutOfScope(m), to: from))
        // Said of an earlier life, it comes late.
        guard aliases[m.actor] == nil, let entry = actors[m.actor], !entry.options.isDetached, m.comeback >= entry.comebacks else { return }
        let reason = m.mayComeBack ? LossReason.outOfScope : .refDeleted
        switch entry.stage {
        case .dead(var error):
            guard error.reason == .outOfScope, reason == .refDeleted else { return }
            error.reason = reason
            actors[m.actor]?.stage = .dead(error)
        case .alive(_, let worker):
            actors[m.actor]?.ending = reason
            if entry.ending == nil { askToEnd(entry.id, worker, into: &out) }
        case .creating: actors[m.actor]?.ending = reason  // goes on when it lives
        case .loading, .dormant, .waiting, .pausing, .leasing: die(entry.id, left(entry, reason), into: &out)
        }
    }

    private func left(_ entry: ActorEntry, _ reason: LossReason) -> ErrorRecord {
        var error = died(entry, "it is out of scope: its last handle is gone", nil)
        error.reason = reason
        return error
    }

    func askToEnd(_ id: ActorID, _ worker: Address, into out: inout [GCSDirective]) {
        guard let incarnation = actors[id]?.incarnation else { return }
        out.append(.send(.endActor(EndActor(actor: id)), to: worker))
        out.append(.startTimer(.endActor(id, incarnation: incarnation), afterNS: Limits.gentleEndNS))
    }

    /// It has not gone in time.
    mutating func endExpired(_ id: ActorID, incarnation: UInt32, into out: inout [GCSDirective]) {
        guard let entry = actors[id], let reason = entry.ending, entry.incarnation == incarnation, !entry.isDead else { return }
        die(id, left(entry, reason), into: &out)
    }

    /// Calls of an actor that is out of scope have to run again: one more life, which counts as a restart. Its name stays free.
    ///
    /// - Returns: its strategy, if it lives again.
    mutating func comeBack(
        _ m: RestartActor, from: Address, hasJobEnded: Bool, nodes: inout NodeManager, into out: inout [GCSDirective]
    ) -> SchedulingStrategy? {
        guard let known = actors[m.actor] else {
            tellUnknown(m.actor, from, comeback: m.comeback, into: &out)
            return nil
        }
        // The same again: it hears what has come of it.
        guard m.comeback > known.comebacks else {
            subscribe(m.actor, from, nodes: &nodes, into: &out)
            return nil
        }
        // Its creator has heard of the end first, from the actor itself.
        if let reason = known.ending { die(m.actor, left(known, reason), into: &out) }
        actors[m.actor]?.comebacks = m.comeback
        guard var entry = actors[m.actor], case .dead(let error) = entry.stage, error.reason == .outOfScope, entry.restartsLeft != 0,
            !hasJobEnded
        else {
            subscribe(m.actor, from, nodes: &nodes, into: &out)
            return nil
        }
        entry.ending = nil
        entry.spec.arguments = m.arguments
        entry.resolved = m.resolved
        entry.subscribers = [ActorEntry.Subscriber(address: from, asked: m.actor)]
        restart(entry, failedStarts: 0, error, into: &out)
        return entry.spec.options.strategy
    }

    /// The actor has answered its last call.
    mutating func exited(_ m: ActorExiting, from: Address, into out: inout [GCSDirective]) -> Bool {
        guard let entry = actors[resolve(m.actor)] else { return false }
        switch entry.stage {
        case .creating(_, from), .alive(_, from):
            die(entry.id, entry.ending.map { left(entry, $0) } ?? died(entry, "it has exited", nil), into: &out)
            return true
        default: return false
        }
    }

    mutating func jobEnded(_ job: JobID, into out: inout [GCSDirective]) {
        for id in sorted(where: { $0.job == job && !$0.isDead && !$0.options.isDetached }) {
            guard let entry = actors[id] else { continue }
            die(id, died(entry, "its job has ended", nil), into: &out)
        }
    }

    /// The connection to a process broke: actors that it has made end with it, unless it is heard of again.
    mutating func ownerLost(_ owner: Address, into out: inout [GCSDirective]) {
        guard actors.values.contains(where: { $0.spec.owner == owner && !$0.isDead && !$0.options.isDetached }) else { return }
        ownersLost += 1
        lostOwners[owner] = ownersLost
        out.append(.startTimer(.ownerGone(owner, generation: ownersLost), afterNS: Limits.ownerGraceNS))
    }

    mutating func heard(_ from: Address) { if !lostOwners.isEmpty { lostOwners[from] = nil } }

    mutating func ownerExpired(_ owner: Address, generation: UInt64, into out: inout [GCSDirective]) {
        guard lostOwners[owner] == generation else { return }
        lostOwners[owner] = nil
        ownerDied(owner, into: &out)
    }

    /// The constructor that was pushed to this process, or how it ended, may be lost with the connection.
    mutating func constructorLost(at worker: Address, into out: inout [GCSDirective]) {
        for id in sorted(where: { if case .creating(_, worker) = $0.stage { true } else { false } }) where unsure.insert(id).inserted {
            out.append(.startTimer(.pushAgain(id), afterNS: Limits.pushAgainNS))
        }
    }

    mutating func pushAgain(_ id: ActorID, into out: inout [GCSDirective]) {
        unsure.remove(id)
        guard let entry = actors[id], case .creating(let lease, let worker) = entry.stage else { return }
        push(entry, lease.id, to: worker, into: &out)
    }

    /// The process that made actors is gone.
    mutating func ownerDied(_ owner: Address, into out: inout [GCSDirective]) {
        for id in sorted(where: { $0.spec.owner == owner && !$0.isDead && !$0.options.isDetached }) {
            guard let entry = actors[id] else { continue }
            die(id, died(entry, "the process that created it is gone", nil), into: &out)
        }
    }

    mutating func subscriberGone(where isGone: (Address) -> Bool) {
        for id in sorted(where: { $0.subscribers.contains { isGone($0.address) } }) {
            actors[id]?.subscribers.removeAll { isGone($0.address) }
        }
        for (id, waiting) in unknown { unknown[id] = waiting.filter { !isGone($0) } }
    }

    /// A node is dead: what lived there is lost, what was only asked for there is asked for elsewhere.
    mutating func nodeDied(_ node: NodeID, nodes: inout NodeManager, into out: inout [GCSDirective]) {
        let raylet = Address.raylet(of: node)
        let error = ErrorRecord(.workerCrashed, "node \(node) is dead", node: "\(node)")
        for id in sorted(where: { $0.lease?.raylet == raylet }) {
            if case .leasing? = actors[id]?.stage {
                forgetLease(of: id)
                create(id, nodes: &nodes, into: &out)
            } else {
                ended(id, error, into: &out)
            }
        }
    }
}
