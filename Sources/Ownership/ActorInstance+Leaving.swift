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

    /// The GCS asks for the end, for the last handle is gone: the calls at hand run first.
    package mutating func drain(_ name: String, into out: inout [Directive]) {
        guard case .open = phase else { return }
        phase = .draining(ErrorRecord(.actorDied, "actor \(name) is dead: it is out of scope", reason: .outOfScope))
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

    /// A running call wants to wait for a call of the same actor whose outcome is not known in this process.
    ///
    /// - Parameter group: of the call that is waited for, when this process has made it: then it has not ended. Of any other call that is known
    ///   only while it is here; one that comes later is judged then, by ``Directive/deadlock(_:waitingFor:)``.
    /// - Returns: whether the wait could never end: every call that may run in that group waits for calls of the group.
    package mutating func wait(_ task: TaskID, for call: TaskID, group: String?) -> Bool {
        guard let group = group ?? self.group(ofCallHere: call) else {
            awaited[call, default: []].insert(task)
            return false
        }
        return isStuck(task, in: group)
    }

    /// The wait is over.
    package mutating func endWait(_ task: TaskID, for call: TaskID) {
        for name in groups.keys { groups[name]?.stuck.remove(task) }
        awaited[call]?.remove(task)
        if awaited[call]?.isEmpty == true { awaited[call] = nil }
    }

    /// A call has come that others may wait for.
    mutating func arrived(_ m: PushTask, into out: inout [Directive]) {
        guard !awaited.isEmpty, let waiting = awaited.removeValue(forKey: m.spec.id) else { return }
        for task in waiting.sorted(by: { $0.unique < $1.unique }) where isStuck(task, in: m.spec.group) {
            out.append(.deadlock(task, waitingFor: m.spec.id))
        }
    }

    private mutating func isStuck(_ task: TaskID, in name: String) -> Bool {
        guard let group = groups[name], group.running.contains(task) else { return false }
        groups[name]?.stuck.insert(task)
        guard group.busy >= group.limit, groups[name]?.stuck.count == group.busy else { return false }
        groups[name]?.stuck.remove(task)
        return true
    }

    private func group(ofCallHere call: TaskID) -> String? {
        if let group = queued[call]?.push.spec.group { return group }
        if let group = groups.first(where: { $0.value.running.contains(call) })?.key { return group }
        return lines.first { $0.value.early.values.contains { $0.spec.id == call } }?.key.group
    }
}
