import RayflowCore

// Which node serves a request: this one, or a better one named in a spillback.
extension RayletInstance {
    var selfInfo: NodeInfo { NodeInfo(node: node, raylet: address, total: total, available: available) }

    mutating func place(_ id: LeaseID, into out: inout [RayletDirective]) {
        guard let entry = leases[id] else { return }
        let asked = entry.request
        guard asked.resources.fits(in: total), asked.kind != .step || stepHost != .none else {
            return placeElsewhere(id, asked, into: &out)
        }
        if let better = betterNode(for: asked) {
            take(asked.resources, from: better.node)
            return spill(id, to: better.raylet, into: &out)
        }
        admit(id, into: &out)
    }

    /// This node can never serve the request.
    private mutating func placeElsewhere(_ id: LeaseID, _ asked: RequestLease, into out: inout [RayletDirective]) {
        guard let others else { return }  // stays unplaced until the table comes
        if asked.kind == .step, stepHost == .none, others.isEmpty || asked.hops >= SchedulerLimits.spillbackHops {
            return reject(id, ErrorRecord(.unschedulable, "no step runner on node \(node), and no other node took the step"), into: &out)
        }
        let nodes = others.values
        guard
            let choice = NodeChoice.withRoom(for: asked.resources, among: nodes)
                ?? NodeChoice.feasible(for: asked.resources, among: nodes)
        else { return reject(id, NodeChoice.infeasibility(asked.resources, among: nodes + [selfInfo]), into: &out) }
        take(asked.resources, from: choice.node)
        spill(id, to: choice.raylet, into: &out)
    }

    /// Another node that should serve a request which this node could serve some time, or nil.
    private func betterNode(for asked: RequestLease) -> NodeInfo? {
        guard let others, !others.isEmpty, asked.hops < SchedulerLimits.spillbackHops else { return nil }
        let free = waitingBeyondCapacity().free
        let fitsNow = !free.hasDebt && asked.resources.fits(in: free)
        // It was sent here, or its arguments are here: half full is no reason to move again.
        if fitsNow, asked.hops > 0 || !asked.dependencies.isEmpty { return nil }
        var candidates = Array(others.values)
        if fitsNow { candidates.append(NodeInfo(node: node, raylet: address, total: total, available: free)) }
        guard let choice = NodeChoice.withRoom(for: asked.resources, among: candidates, local: node), choice.node != node else {
            return nil
        }
        return choice
    }

    /// Until it reports again, a node to which a request was sent counts as having taken it.
    private mutating func take(_ resources: ResourceSet, from node: NodeID) {
        guard var left = others?[node]?.available else { return }
        left -= resources
        if left.isPlausibleBalance { others?[node]?.available = left }
    }

    mutating func nodesChanged(_ m: NodeTable, into out: inout [RayletDirective]) {
        var table: [NodeID: NodeInfo] = [:]
        var dead: Set<UInt64> = []
        for info in m.nodes {
            guard info.total.isPlausible, info.available.isPlausibleBalance else {
                counters.unexpected += 1
                continue
            }
            if !info.isAlive { dead.insert(info.node.value) }
            if info.node != node, info.isAlive { table[info.node] = info }
        }
        others = table
        if dead.contains(node.value) { return fence(into: &out) }
        if !dead.isEmpty { ownersGone(into: &out) { dead.contains($0.node) && !$0.isGCS } }
        for (id, entry) in sortedLeases where entry.state == .unplaced { place(id, into: &out) }
        spillWaiting(into: &out)
    }

    /// Requests that wait here for resources move to nodes that have room, those with the longest wait still ahead of them first.
    private mutating func spillWaiting(into out: inout [RayletDirective]) {
        guard others?.isEmpty == false, !queue.isEmpty else { return }
        for id in waitingBeyondCapacity().surplus.reversed() {
            guard let asked = leases[id]?.request, asked.hops < SchedulerLimits.spillbackHops,
                let choice = NodeChoice.withRoom(for: asked.resources, among: others?.values.map { $0 } ?? [])
            else { continue }
            take(asked.resources, from: choice.node)
            spill(id, to: choice.raylet, into: &out)
        }
    }

    /// What stays free when everything that waits here and fits has been served, and the requests that do not fit.
    private func waitingBeyondCapacity() -> (free: ResourceSet, surplus: [LeaseID]) {
        var free = available
        var surplus: [LeaseID] = []
        for level in queue.levels {
            for key in level.turns {
                for id in level.lines[key] ?? [] {
                    if !free.hasDebt, key.resources.fits(in: free) { free -= key.resources } else { surplus.append(id) }
                }
            }
        }
        return (free, surplus)
    }
}
