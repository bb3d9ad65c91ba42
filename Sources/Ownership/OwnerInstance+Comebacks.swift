import RayflowCore

// Actors that have ended with their last handle, and whose results are needed once more. The process that made the actor keeps its constructor for
// as long as it keeps calls; when one of these has to run again it asks the GCS for a further life, which ends with the calls.
extension OwnerInstance {
    /// Nobody needs the actor (any more).
    mutating func leaveScope(_ actor: ActorID, into out: inout [OwnerDirective]) {
        if !gcs.outOfScope.contains(actor) { gcs.outOfScope.append(actor) }
        if !gcs.isLost { tellOutOfScope(actor, into: &out) }
    }

    /// What the GCS does not know yet it would take for gone already, and then make.
    func tellOutOfScope(_ actor: ActorID, into out: inout [OwnerDirective]) {
        if gcs.isRegistering(actor) { return }
        out.append(.send(.actorOutOfScope(leave(of: actor)), to: .gcs))
    }

    private func leave(of actor: ActorID) -> ActorOutOfScope {
        let line = actors[actor] ?? ActorLine()
        return ActorOutOfScope(actor: actor, comeback: line.comebacks, mayComeBack: line.constructor != nil && line.keptCalls > 0)
    }

    /// The GCS has heard it. What has changed since is said as well.
    mutating func outOfScopeHeard(_ m: ActorOutOfScope, into out: inout [OwnerDirective]) {
        let last = leave(of: m.actor)
        guard gcs.outOfScope.contains(m.actor), m.comeback == last.comeback else { return }
        if m.mayComeBack != last.mayComeBack { return tellOutOfScope(m.actor, into: &out) }
        gcs.outOfScope.removeAll { $0 == m.actor }
    }

    // MARK: Kept calls

    mutating func callKept(_ spec: TaskSpec) {
        if spec.kind == .actorCall { actors[spec.id.actor]?.keptCalls += 1 }
    }

    /// With the last of them the actor has nothing to come back for.
    mutating func callForgotten(_ spec: TaskSpec, into out: inout [OwnerDirective]) {
        guard spec.kind == .actorCall else { return }
        let actor = spec.id.actor
        actors[actor]?.keptCalls -= 1
        guard let line = actors[actor], line.keptCalls == 0, line.mayComeBack else { return }
        if line.isDead { letGoArguments(of: actor, into: &out) }
        leaveScope(actor, into: &out)
    }

    // MARK: Back

    /// A call has to run again. Others that have to meanwhile find the same life.
    mutating func bringBack(_ actor: ActorID, into out: inout [OwnerDirective]) {
        guard var line = actors[actor], line.mayComeBack else { return }
        line.isBack = true
        line.comebacks += 1
        line.state = .restarting
        // Whatever incarnation the GCS has come to: news of those before carry an older comeback.
        line.incarnation = 0
        line.isSubscribed = true
        actors[actor] = line
        gcs.outOfScope.removeAll { $0 == actor }
        if !gcs.isLost { askBack(actor, into: &out) }
    }

    /// What was asked of a GCS that has not answered.
    func askBackAgain(into out: inout [OwnerDirective]) {
        for actor in actors.filter({ $0.value.isBack && !$0.value.isAlive }).map(\.key).sorted() { askBack(actor, into: &out) }
    }

    private func askBack(_ actor: ActorID, into out: inout [OwnerDirective]) {
        guard let line = actors[actor], let constructor = line.constructor else { return }
        let message = RestartActor(
            actor: actor, comeback: line.comebacks, arguments: constructor.arguments.map(rebound), resolved: resolved(constructor))
        out.append(.send(.restartActor(message), to: .gcs))
    }

    /// The calls for which it came back have ended.
    mutating func endComeback(_ actor: ActorID, into out: inout [OwnerDirective]) {
        guard actors[actor]?.isBack == true, openCalls(of: actor) == 0 else { return }
        actors[actor]?.isBack = false
        leaveScope(actor, into: &out)
    }
}
