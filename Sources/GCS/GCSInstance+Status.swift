package import RayflowCore

/// One actor for status output.
package struct ActorView: Hashable, Sendable {
    package var actor: ActorID
    package var name: String
    package var namespace: String
    package var typeName: String
    package var state: ActorState
    package var incarnation: UInt32
    package var worker: Address?
    /// The lease that it waits for or holds, and where: that raylet explains why it waits.
    package var lease: LeaseID?
    package var raylet: Address?
    package var error: ErrorRecord?
}

extension GCSInstance {
    /// Actors in the order of their ids.
    package var actorViews: [ActorView] {
        actors.sorted(where: { _ in true }).compactMap { id in
            guard let entry = actors.actors[id] else { return nil }
            let update = entry.update(for: id)
            return ActorView(
                actor: id, name: entry.options.name, namespace: entry.options.namespace, typeName: entry.options.typeName,
                state: update.state, incarnation: entry.incarnation, worker: update.state == .alive ? update.worker : nil,
                lease: entry.lease?.id, raylet: entry.lease?.raylet, error: update.error)
        }
    }

    /// What must hold after every event; empty when it does.
    package func checkInvariants() -> [String] {
        var faults = placementGroups.checkInvariants()
        func expect(_ holds: Bool, _ fault: @autoclosure () -> String) { if !holds { faults.append(fault()) } }
        for (id, entry) in actors.actors {
            expect(entry.id == id, "actor \(id) is filed under another id")
            if let lease = entry.lease { expect(actors.byLease[lease.id] == id, "lease \(lease.id) of \(id) is not on record") }
            if let name = ActorName(entry.options) {
                expect((actors.names[name] == id) == !entry.isDead || actors.names[name] != id, "name \(name)")
                expect(entry.isDead || entry.comebacks > 0 || actors.names[name] == id, "the living actor \(id) has lost its name")
            }
            expect(entry.incarnation >= 1, "actor \(id) has incarnation 0")
            expect(Set(entry.subscribers).count == entry.subscribers.count, "actor \(id) has a subscriber twice")
            expect(!entry.isDead || entry.subscribers.isEmpty && entry.resolved.isEmpty, "the dead actor \(id) keeps what it needed")
            expect(entry.isDead || entry.options.isDetached || !jobs.hasEnded(entry.job), "actor \(id) outlives its job")
            expect(actors.aliases[id] == nil, "actor \(id) is also an alias")
            if entry.stage == .dormant { expect(entry.subscribers.isEmpty, "somebody waits for the dormant actor \(id)") }
        }
        for (lease, id) in actors.byLease {
            expect(actors.actors[id]?.lease?.id == lease, "lease \(lease) stands for \(id), which has another")
        }
        for (name, id) in actors.names { expect(actors.actors[id]?.isDead == false, "the name \(name) is held by a dead actor") }
        for (alias, id) in actors.aliases { expect(actors.actors[id]?.aliases.contains(alias) == true, "alias \(alias) of nobody") }
        for (id, waiting) in actors.unknown where !waiting.isEmpty { expect(actors.actors[id] == nil, "actor \(id) is known") }
        return faults
    }
}
