package import RayflowCore

// The end of an actor that goes by itself, and waits that could never end.
extension ActorInstance {
    /// A running call asked for the end of its actor: running calls end, nothing else is started, nothing restarts it.
    package mutating func exit(_ name: String, into out: inout [Directive]) {
        switch phase {
        case .building, .open, .draining: break
        case .exiting, .parting, .gone: return
        }
        let error = ErrorRecord(.actorDied, "actor \(name) is dead: it has exited")
        phase = .exiting(error)
        for call in queued.values.sorted(by: { $0.push.spec.id.unique < $1.push.spec.id.unique }) {
            out.append(.reply(call.push, to: call.from, .failed(error, isApplicationError: true)))
        }
        queued = [:]
        leaveWhenDone(into: &out)
    }

    /// The GCS asks for the end: the calls at hand run first.
    package mutating func drain(_ name: String, into out: inout [Directive]) {
        guard case .open = phase else { return }
        phase = .draining(ErrorRecord(.actorDied, "actor \(name) is dead: it was ended"))
        leaveWhenDone(into: &out)
    }

    /// A caller has every answer that it will get.
    package mutating func exitSeen(_ actor: ActorID, from: Address, into out: inout [Directive]) {
        guard case .parting(let error, var missing) = phase else { return }
        missing.remove(Caller(address: from, actor: actor))
        phase = .parting(error, missing)
        leaveWhenDone(into: &out)
    }

    /// Callers that do not answer are not waited for any longer; a GCS that may not have heard the last word hears it again.
    package mutating func exitExpired(into out: inout [Directive]) {
        switch phase {
        case .parting(let error, _):
            phase = .parting(error, [])
            leaveWhenDone(into: &out)
        case .gone(let error) where isUnheard:
            isUnheard = false
            out.append(.leave(error))
        default: break
        }
    }

    /// Without the last word the GCS takes the actor for alive.
    mutating func gcsLost(into out: inout [Directive]) {
        guard case .gone = phase, !isUnheard else { return }
        isUnheard = true
        out.append(.startExitTimer(afterNS: Limits.gcsRetryNS))
    }

    mutating func leaveWhenDone(into out: inout [Directive]) {
        switch phase {
        case .draining(let error) where isIdle && queued.isEmpty && !hasEarly: part(error, into: &out)
        case .exiting(let error) where isIdle: part(error, into: &out)
        case .parting(let error, let missing) where missing.isEmpty:
            phase = .gone(error)
            out.append(.leave(error))
        default: break
        }
    }

    /// Callers hear of the end behind the last answer, on the same connection: from the GCS they could hear of it first.
    private mutating func part(_ error: ErrorRecord, into out: inout [Directive]) {
        phase = .parting(error, Set(callers))
        for caller in callers {
            out.append(.send(.actorExiting(ActorExiting(actor: caller.actor, error: error)), to: caller.address))
        }
        if !callers.isEmpty { out.append(.startExitTimer(afterNS: Limits.exitNS)) }
        leaveWhenDone(into: &out)
    }

    // MARK: Deadlock

    /// A running call wants to wait for a call of the same actor that has not ended.
    ///
    /// - Parameter group: of the call that is waited for; nil when that is not known: then only an actor without groups is judged.
    /// - Returns: whether the wait could never end: every call that may run in that group waits for calls of the group.
    package mutating func wait(_ task: TaskID, forCallIn group: String?) -> Bool {
        if group == nil, groups.count > 1 { return false }
        let group = group ?? ""
        guard let waiting = groups[group], waiting.running.contains(task) else { return false }
        groups[group]?.stuck.insert(task)
        guard waiting.running.count == waiting.limit, groups[group]?.stuck.count == waiting.limit else { return false }
        groups[group]?.stuck.remove(task)
        return true
    }

    /// The wait is over.
    package mutating func endWait(_ task: TaskID, forCallIn group: String?) { groups[group ?? ""]?.stuck.remove(task) }
}
