package import RayflowCore

/// What the GCS owes to this owner. A restarted one knows no subscribers and may never have seen what was sent to the last.
struct GCSDebts: Sendable {
    /// Not answered yet, by request.
    var registrations: [UInt64: RegisterActor] = [:]
    /// Killed for good, and the GCS has not said that they are dead.
    var kills: Set<ActorID> = []
    /// To be restarted, asked for while it was away: sent once, since each is one more.
    var restarts: [ActorID] = []
    /// Their last handle is gone, and the GCS has not heard of it.
    var outOfScope: [ActorID] = []
    var isLost = false
    /// Placement groups of which nothing was heard since they were made.
    var groups: [PlacementGroupID: CreatePlacementGroup] = [:]
    /// Groups whose removal was not heard of.
    var removals: Set<PlacementGroupID> = []

    /// The registration is not answered. If it was lost, the GCS knows of no such actor, and makes it when the registration comes again.
    func isRegistering(_ actor: ActorID) -> Bool { registrations.values.contains { $0.actor == actor } }
}

// Calls to living actors go on without the GCS. What needs it waits, and is asked for again until it answers.
extension OwnerInstance {
    mutating func gcsLost(into out: inout [OwnerDirective]) {
        // Each message that finds nobody says so again: one timer is enough.
        guard !gcs.isLost else { return }
        gcs.isLost = true
        out.append(.startTimer(.gcs, afterNS: Limits.gcsRetryNS))
    }

    mutating func gcsDue(into out: inout [OwnerDirective]) {
        guard gcs.isLost else { return }
        gcs.isLost = false
        for (_, registration) in gcs.registrations.sorted(by: { $0.key < $1.key }) {
            out.append(.send(.registerActor(registration), to: .gcs))
        }
        for actor in gcs.restarts { restart(actor, into: &out) }
        gcs.restarts = []
        for actor in gcs.kills.sorted() {
            out.append(.send(.killActor(KillActor(actor: actor, noRestart: true)), to: .gcs))
        }
        askForGroups(into: &out)
        for actor in gcs.outOfScope { tellOutOfScope(actor, into: &out) }
        askBackAgain(into: &out)
        // For actors that this process has made that is also its word that it is there: they would end without it.
        let followed = actors.filter { !$0.value.isDead && ($0.value.isSubscribed || $0.value.isOwn) }.map(\.key)
        for actor in followed.sorted() {
            actors[actor]?.isSubscribed = true
            out.append(.send(.subscribeActor(SubscribeActor(actor: actor)), to: .gcs))
        }
    }

    private mutating func askForGroups(into out: inout [OwnerDirective]) {
        for (_, creation) in gcs.groups.sorted(by: { $0.key < $1.key }) {
            out.append(.send(.createPlacementGroup(creation), to: .gcs))
        }
        for group in gcs.removals.sorted() {
            out.append(.send(.removePlacementGroup(RemovePlacementGroup(group: group)), to: .gcs))
        }
        // Of a group that is not followed nothing will be heard.
        gcs.removals = gcs.removals.filter { groups[$0] != nil }
        for group in groups.filter({ $0.value.state != .removed }).keys.sorted() {
            out.append(.send(.subscribePlacementGroup(SubscribePlacementGroup(group: group)), to: .gcs))
        }
    }

    package mutating func kill(_ actor: ActorID, noRestart: Bool, into out: inout [OwnerDirective]) {
        guard noRestart else {
            if gcs.isLost, gcs.restarts.count < Limits.keptKills { return gcs.restarts.append(actor) }
            return restart(actor, into: &out)
        }
        if gcs.kills.count < Limits.keptKills { gcs.kills.insert(actor) }
        out.append(.send(.killActor(KillActor(actor: actor, noRestart: true)), to: .gcs))
        // A call that this process makes from now on must not reach the actor before its end does.
        failActor(actor, ErrorRecord(.actorDied, "the actor is dead: it was killed"), into: &out)
    }

    private mutating func restart(_ actor: ActorID, into out: inout [OwnerDirective]) {
        out.append(.send(.killActor(KillActor(actor: actor, noRestart: false)), to: .gcs))
        // Nor must one reach the life that ends: it waits for the next, as behind a connection that broke. If the kill was lost on its way, the
        // GCS says after a time that the actor lives.
        if let worker = aliveWorker(of: actor) { awaitNews(of: actor, at: worker, into: &out) }
    }
}
