import RayflowCore

// Which node an actor is asked for from, by its strategy.
extension ActorManager {
    enum Spot {
        case at(Address, SchedulingStrategy)
        /// Its placement group has not all its bundles: it is tried again when it has.
        case later
    }

    /// - Throws: why there is no such node and none is to be waited for.
    mutating func spot(for options: SpecOptions, nodes: inout NodeManager) throws(ErrorRecord) -> Spot {
        let strategy = options.strategy, resources = options.resources
        switch strategy {
        case .hybrid, .labels:
            guard let node = nodes.choose(for: resources, where: { strategy.allows(labels: $0.labels) }) else {
                throw NodeChoice.infeasibility(resources, strategy, among: nodes.alive.filter { strategy.allows(labels: $0.labels) })
            }
            return .at(node.raylet, strategy)
        case .spread:
            let feasible = nodes.charged.filter { resources.fits(in: $0.total) }
            let roomy = feasible.filter { !$0.available.hasDebt && resources.fits(in: $0.available) }
            let turn = roomy.isEmpty ? feasible : roomy
            guard let node = turn.first(where: { lastSpread < $0.node }) ?? turn.first else {
                throw NodeChoice.infeasibility(resources, among: nodes.alive)
            }
            lastSpread = node.node
            nodes.charge(node.node, resources)
            return .at(node.raylet, .node(node.node, soft: true))
        case .node(let target, let soft):
            if let node = nodes.alive.first(where: { $0.node == target }), resources.fits(in: node.total) {
                nodes.charge(target, resources)
                return .at(node.raylet, strategy)
            }
            guard soft else {
                throw ErrorRecord(
                    .unschedulable, "needs \(resources) of node \(target), which is dead, was never there, or has less in total")
            }
            guard let node = nodes.choose(for: resources) else { throw NodeChoice.infeasibility(resources, among: nodes.alive) }
            return .at(node.raylet, .hybrid)
        case .bundle(let group, let index, let captures):
            guard let bundles = nodes.bundles[group] else { return .later }
            let fitting = bundles.indices.filter {
                (index.map(Int.init) ?? $0) == $0 && bundles[$0].node != nil && resources.fits(in: bundles[$0].resources)
            }
            guard let chosen = fitting.min(by: { users(of: group, $0) < users(of: group, $1) }), let node = bundles[chosen].node else {
                throw ErrorRecord(.unschedulable, "needs \(resources), but no bundle of \(strategy) has that")
            }
            return .at(.raylet(of: node), .bundle(of: group, index: UInt32(chosen), capturesChildren: captures))
        }
    }

    /// Actors in a bundle.
    private func users(of group: PlacementGroupID, _ index: Int) -> Int {
        byLease.values.count { id in
            guard case .bundle(group, UInt32(index), _)? = actors[id]?.lease?.strategy else { return false }
            return true
        }
    }

    /// A placement group is gone: so are its actors.
    mutating func groupRemoved(_ group: PlacementGroupID, _ why: ErrorRecord, into out: inout [GCSDirective]) {
        for id in sorted(where: { $0.spec.options.strategy.group == group && !$0.isDead }) {
            guard let entry = actors[id] else { continue }
            var error = died(entry, why.message, why)
            error.code = .placementGroupRemoved
            die(id, error, into: &out)
        }
    }
}
