import RayflowCore

// What follows from an event for the store and the channels.
extension GCSInstance {
    /// One event: what it changes is written before anything that it sends leaves.
    mutating func event(into out: inout [GCSDirective], _ body: (inout GCSInstance, inout [GCSDirective]) -> Void) {
        var directives: [GCSDirective] = []
        body(&self, &directives)
        let changes = takeChanges()
        if isStored, !changes.isEmpty { out.append(.persist(changes)) }
        out += directives
        publisher.answerParked(into: &out)
    }

    private mutating func takeChanges() -> [StoreChange] {
        var changes = nodes.takeChanges(&publisher)
        changes += jobs.takeChanges(&publisher)
        changes += workers.takeChanges(&publisher)
        changes += actors.takeChanges(&publisher, isStored: isStored)
        changes += placementGroups.takeChanges(&publisher)
        changes += keyValues.takeChanges()
        changes += functions.takeChanges()
        return changes
    }

    /// What a raylet keeps for jobs that have ended and for actors that have gone on without it.
    mutating func reconcile(_ m: RegisterNode, _ raylet: Address, into out: inout [GCSDirective]) {
        guard raylet.isRaylet, nodes.isAlive(raylet.nodeID) else { return }
        for job in m.jobs where jobs.hasEnded(job) { out.append(.send(.jobEnded(JobEnded(job: job)), to: raylet)) }
        let drivers = Set(jobs.all.compactMap(\.driver)), processes = Set(m.processes)
        let owners = Set(actors.actors.values.filter { !$0.isDead && $0.spec.owner.node == raylet.node }.map(\.spec.owner))
        for owner in owners.sorted(by: { $0.entity < $1.entity }) where !drivers.contains(owner) && !processes.contains(owner.entity) {
            actors.ownerDied(owner, into: &out)
        }
        placementGroups.reconcile(raylet, m.bundles, nodes: &nodes, into: &out)
        actors.reconcile(raylet, m.leases, nodes: &nodes, into: &out)
    }
}

extension ErrorRecord {
    var encoded: [UInt8] { RowKey.of { $0.errorRecord(self) } }
}
