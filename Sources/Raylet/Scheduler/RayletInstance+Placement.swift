package import RayflowCore

// Which node serves a request: this one, or a better one named in a spillback.
extension RayletInstance {
    var selfInfo: NodeInfo { NodeInfo(node: node, raylet: address, total: total, available: available, labels: labels) }

    mutating func place(_ id: LeaseID, into out: inout [RayletDirective]) {
        guard let asked = leases[id]?.request else { return }
        switch asked.strategy {
        case .hybrid, .labels: placeHybrid(id, asked, into: &out)
        case .spread: placeSpread(id, asked, into: &out)
        case .node(let target, let soft): place(id, asked, on: target, soft: soft, into: &out)
        case .bundle: placeInBundle(id, asked, into: &out)
        }
    }

    /// Whether this node could serve the request some time.
    private func canServe(_ asked: RequestLease) -> Bool {
        asked.strategy.allows(labels: labels) && asked.resources.fits(in: total) && (asked.kind != .step || stepHost != .none)
    }

    private func candidates(for asked: RequestLease, reachable: Bool = true) -> [NodeInfo] {
        (others ?? [:]).values.filter { unreachable.contains($0.node) != reachable && asked.strategy.allows(labels: $0.labels) }
    }

    /// The connection to another raylet broke, or something has come from there again.
    package mutating func reachabilityChanged(_ node: NodeID, isReachable: Bool, now: UInt64, into out: inout [RayletDirective]) {
        guard isReachable else {
            unreachable.insert(node)
            return
        }
        guard unreachable.remove(node) != nil else { return }
        spillWaiting(into: &out)
        settle(now: now, into: &out)
    }

    private mutating func placeHybrid(_ id: LeaseID, _ asked: RequestLease, into out: inout [RayletDirective]) {
        guard canServe(asked) else { return placeElsewhere(id, asked, into: &out) }
        if let closer = closerNode(for: asked) { return move(id, asked, to: closer, into: &out) }
        if let better = betterNode(for: asked) { return move(id, asked, to: better, into: &out) }
        admit(id, into: &out)
    }

    /// The next node in the order of ids that could serve it some time. Whether it can now it knows best itself: what is known of it here may
    /// be old, and when two tasks come together the second would follow the first. A node that is full sends the request on.
    private mutating func placeSpread(_ id: LeaseID, _ asked: RequestLease, into out: inout [RayletDirective]) {
        guard others?.isEmpty == false else {
            return canServe(asked) ? admit(id, into: &out) : placeElsewhere(id, asked, into: &out)
        }
        if canServe(asked) {
            let free = waitingBeyondCapacity().free
            let fitsNow = !free.hasDebt && asked.resources.fits(in: free)
            let roomy = candidates(for: asked).filter { $0.isAlive && !$0.available.hasDebt && asked.resources.fits(in: $0.available) }
            if asked.hops > 0 {
                guard !fitsNow, asked.hops < SchedulerLimits.spillbackHops, let next = inTurn(roomy) else { return admit(id, into: &out) }
                return move(id, asked, to: next, into: &out)
            }
            if !fitsNow, let next = inTurn(roomy) { return move(id, asked, to: next, into: &out) }
        }
        var nodes = candidates(for: asked).filter { $0.isAlive && asked.resources.fits(in: $0.total) }
        if canServe(asked) { nodes.append(selfInfo) }
        guard asked.hops == 0, let next = inTurn(nodes) else { return placeElsewhere(id, asked, into: &out) }
        if next.node == node { admit(id, into: &out) } else { move(id, asked, to: next, into: &out) }
    }

    /// The node whose turn it is.
    private mutating func inTurn(_ nodes: [NodeInfo]) -> NodeInfo? {
        let next = nodes.filter { lastSpread < $0.node }.min { $0.node < $1.node } ?? nodes.min { $0.node < $1.node }
        if let next { lastSpread = next.node }
        return next
    }

    private mutating func place(
        _ id: LeaseID, _ asked: RequestLease, on target: NodeID, soft: Bool, into out: inout [RayletDirective]
    ) {
        if target == node, canServe(asked) { return admit(id, into: &out) }
        if target != node {
            guard let others else { return }  // stays unplaced until the table comes
            if let info = others[target], asked.resources.fits(in: info.total), asked.hops < SchedulerLimits.spillbackHops {
                return move(id, asked, to: info, into: &out)
            }
        }
        if soft { return placeHybrid(id, asked, into: &out) }
        let reason: String
        if target == node || others?[target] != nil {
            let total = target == node ? total : others?[target]?.total ?? total
            reason = "needs \(asked.resources) of node \(target), which has \(total) in total"
        } else {
            reason = "needs node \(target), which is dead or was never there"
        }
        reject(id, ErrorRecord(.unschedulable, reason), into: &out)
    }

    private mutating func move(_ id: LeaseID, _ asked: RequestLease, to choice: NodeInfo, into out: inout [RayletDirective]) {
        take(asked.resources, from: choice.node)
        spill(id, to: choice.raylet, into: &out)
    }

    /// This node can never serve the request.
    private mutating func placeElsewhere(_ id: LeaseID, _ asked: RequestLease, into out: inout [RayletDirective]) {
        guard let others else { return }  // stays unplaced until the table comes
        if asked.kind == .step, stepHost == .none, others.isEmpty || asked.hops >= SchedulerLimits.spillbackHops {
            return reject(id, ErrorRecord(.unschedulable, "no step runner on node \(node), and no other node took the step"), into: &out)
        }
        let nodes = candidates(for: asked)
        guard
            let choice = NodeChoice.withRoom(for: asked.resources, among: nodes)
                ?? NodeChoice.feasible(for: asked.resources, among: nodes)
                // Nobody else could do it, and it is not known to be dead: the owner tries until it is.
                ?? NodeChoice.feasible(for: asked.resources, among: candidates(for: asked, reachable: false))
        else {
            let all = nodes + (asked.strategy.allows(labels: labels) ? [selfInfo] : [])
            return reject(id, NodeChoice.infeasibility(asked.resources, asked.strategy, among: all), into: &out)
        }
        move(id, asked, to: choice, into: &out)
    }

    /// The arguments of a request find no room in the store here: another node may have it.
    mutating func moveForRoom(_ id: LeaseID, into out: inout [RayletDirective]) -> Bool {
        guard let asked = leases[id]?.request, asked.strategy.mayMove, asked.hops < SchedulerLimits.spillbackHops,
            let choice = NodeChoice.withRoom(for: asked.resources, among: candidates(for: asked))
        else { return false }
        move(id, asked, to: choice, into: &out)
        return true
    }

    /// The node that holds most bytes of the arguments, if it can serve the request some time and holds more than this one. Where it is
    /// sent, a request moves on when there is no room.
    private func closerNode(for asked: RequestLease) -> NodeInfo? {
        guard let others, !others.isEmpty, asked.hops == 0, !asked.dependencies.isEmpty else { return nil }
        var bytes: [NodeID: UInt64] = [:]
        for dependency in asked.dependencies { for holder in dependency.nodes { bytes[holder, default: 0] &+= dependency.size } }
        let most = candidates(for: asked).filter { asked.resources.fits(in: $0.total) && bytes[$0.node] ?? 0 > bytes[node] ?? 0 }
        return most.min { (bytes[$1.node] ?? 0, $0.node.value) < (bytes[$0.node] ?? 0, $1.node.value) }
    }

    /// Another node that should serve a request which this node could serve some time, or nil.
    private func betterNode(for asked: RequestLease) -> NodeInfo? {
        guard let others, !others.isEmpty, asked.hops < SchedulerLimits.spillbackHops else { return nil }
        let free = waitingBeyondCapacity().free
        let fitsNow = !free.hasDebt && asked.resources.fits(in: free)
        // It was sent here, or its arguments are here: half full is no reason to move again.
        if fitsNow, asked.hops > 0 || !asked.dependencies.isEmpty { return nil }
        var candidates = candidates(for: asked)
        if fitsNow {
            var own = selfInfo
            own.available = free
            candidates.append(own)
        }
        guard let choice = NodeChoice.withRoom(for: asked.resources, among: candidates, local: node), choice.node != node else {
            return nil
        }
        return choice
    }

    /// Until it reports again, a node to which a request was sent counts as having taken it, unless it looks full already.
    private mutating func take(_ resources: ResourceSet, from node: NodeID) {
        guard var left = others?[node]?.available, resources.fits(in: left) else { return }
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
        let gone = Set((others ?? [:]).keys.filter { table[$0] == nil })
        if !gone.isEmpty { out.append(.nodesGone(gone)) }
        others = table
        unreachable.formIntersection(table.keys)
        if dead.contains(node.value) { return fence(into: &out) }
        if !dead.isEmpty { ownersGone(into: &out) { dead.contains($0.node) && !$0.isGCS } }
        for (id, entry) in sortedLeases where entry.state == .unplaced { place(id, into: &out) }
        spillWaiting(into: &out)
    }

    /// Requests that wait here for resources move to nodes that have room, those with the longest wait still ahead of them first.
    private mutating func spillWaiting(into out: inout [RayletDirective]) {
        guard others?.isEmpty == false, !queue.isEmpty else { return }
        for id in waitingBeyondCapacity().surplus.reversed() {
            guard let asked = leases[id]?.request, asked.hops < SchedulerLimits.spillbackHops, asked.strategy.mayMove,
                let choice = NodeChoice.withRoom(for: asked.resources, among: candidates(for: asked))
            else { continue }
            move(id, asked, to: choice, into: &out)
        }
    }

    /// What stays free when everything that waits here and fits has been served, and the requests that do not fit.
    private func waitingBeyondCapacity() -> (free: ResourceSet, surplus: [LeaseID]) {
        var free = available
        var surplus: [LeaseID] = []
        for level in queue.levels {
            for key in level.turns where key.bundle == nil {
                for id in level.lines[key] ?? [] {
                    if !free.hasDebt, key.resources.fits(in: free) { free -= key.resources } else { surplus.append(id) }
                }
            }
        }
        return (free, surplus)
    }
}

extension SchedulingStrategy {
    /// Whether a request that waits on one node may wait on another instead.
    fileprivate var mayMove: Bool {
        switch self {
        case .hybrid, .spread, .labels: true
        case .node, .bundle: false
        }
    }
}
