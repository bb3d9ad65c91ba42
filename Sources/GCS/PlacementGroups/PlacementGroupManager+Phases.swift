import RayflowCore

// From a plan to reserved bundles, and again when nodes die.
extension PlacementGroupManager {
    /// First phase for the bundles that have no node.
    ///
    /// - Returns: false when there is no room for all of them.
    mutating func attempt(_ id: PlacementGroupID, nodes: inout NodeManager, into out: inout [GCSDirective]) -> Bool {
        guard var entry = groups[id], case .waiting = entry.stage else { return true }
        var held: [NodeID: Int] = [:]
        for node in entry.nodes { if let node { held[node, default: 0] += 1 } }
        let missing = entry.missing.map { BundlePlan.Bundle(index: $0, resources: entry.bundles[Int($0)]) }
        let charged = nodes.charged
        guard let plan = BundlePlan.make(missing, entry.strategy, nodes: charged, held: held) else {
            let obstacle = BundlePlan.obstacle(missing, entry.strategy, nodes: charged, held: held)
            if obstacle != entry.obstacle {
                entry.obstacle = obstacle
                publish(&entry, into: &out)
                groups[id] = entry
            }
            return false
        }
        entry.attempt += 1
        entry.sweeps = 0
        entry.stage = .reserving(plan: plan, awaited: Set(plan.values))
        groups[id] = entry
        reserving.insert(id)
        for (node, bundles) in entry.requests(plan) {
            for bundle in bundles { nodes.charge(node, bundle.resources) }
            ask(entry, node, bundles, plan, into: &out)
        }
        armSweep(into: &out)
        return true
    }

    private func ask(
        _ entry: PlacementGroupEntry, _ node: NodeID, _ bundles: [BundleRequest], _ plan: [UInt32: NodeID], into out: inout [GCSDirective]
    ) {
        // On one node alone all or nothing needs no second phase.
        let isAlone = bundles.count == plan.count
        let message = ReserveBundles(group: entry.id, attempt: entry.attempt, bundles: bundles, commits: isAlone)
        out.append(.send(.reserveBundles(message), to: .raylet(of: node)))
    }

    /// - Returns: the group if it is created now; nil when nothing comes of the answer (yet).
    mutating func reserved(
        _ m: BundlesReserved, from: Address, nodes table: inout NodeManager, into out: inout [GCSDirective]
    ) -> (isExpected: Bool, created: PlacementGroupID?) {
        guard from == .raylet(of: m.node), var entry = groups[m.group], entry.attempt == m.attempt,
            case .reserving(let plan, var awaited) = entry.stage, awaited.remove(m.node) != nil
        else { return (false, nil) }
        guard m.isReserved else {
            giveUp(&entry, plan, except: [m.node], into: &out)
            return (true, nil)
        }
        guard awaited.isEmpty else {
            entry.stage = .reserving(plan: plan, awaited: awaited)
            groups[m.group] = entry
            return (true, nil)
        }
        let nodes = Set(plan.values)
        if nodes.count > 1 { for node in nodes.sorted() { settle(entry, on: node, .commit, into: &out) } }
        for (index, node) in plan { entry.nodes[Int(index)] = node }
        entry.stage = .created
        entry.obstacle = nil
        entry.wasCreated = true
        publish(&entry, into: &out)
        groups[m.group] = entry
        table.bundles[m.group] = entry.update.bundles
        reserving.remove(m.group)
        return (true, m.group)
    }

    /// The attempt is over: what it has reserved goes back, and the group waits.
    private mutating func giveUp(
        _ entry: inout PlacementGroupEntry, _ plan: [UInt32: NodeID], except: Set<NodeID>, into out: inout [GCSDirective]
    ) {
        for node in Set(plan.values).subtracting(except).sorted() { settle(entry, on: node, .rollBack, into: &out) }
        entry.stage = .waiting
        groups[entry.id] = entry
        reserving.remove(entry.id)
        wait(entry.id, into: &out)
    }

    mutating func wait(_ id: PlacementGroupID, into out: inout [GCSDirective]) {
        if !waiting.contains(id) { waiting.append(id) }
        armSweep(into: &out)
    }

    /// Resources have come, or nodes: those that wait have their turn, the longest waiting first.
    mutating func tryWaiting(nodes: inout NodeManager, into out: inout [GCSDirective]) {
        guard !waiting.isEmpty else { return }
        let turn = waiting.prefix(Limits.groupsTriedAtOnce)
        var served: Set<PlacementGroupID> = []
        for id in turn where attempt(id, nodes: &nodes, into: &out) { served.insert(id) }
        let misfits = turn.filter { !served.contains($0) }
        let others = waiting.dropFirst(turn.count)
        // With more than have their turn at once, those that did not fit go behind the others.
        waiting = others.isEmpty ? Array(misfits) : Array(others) + misfits
    }

    mutating func nodeDied(_ node: NodeID, nodes: inout NodeManager, into out: inout [GCSDirective]) {
        for verdict in unconfirmed.keys where verdict.node == node { unconfirmed[verdict] = nil }
        let hit = groups.values.filter { entry in
            if case .reserving(let plan, _) = entry.stage, plan.values.contains(node) { return true }
            return entry.nodes.contains(node)
        }
        for var entry in hit.sorted(by: { $0.id < $1.id }) {
            nodes.bundles[entry.id] = nil
            let hadBundles = entry.nodes.contains(node)
            for index in entry.nodes.indices where entry.nodes[index] == node { entry.nodes[index] = nil }
            if case .reserving(let plan, _) = entry.stage {
                giveUp(&entry, plan, except: [node], into: &out)
            } else {
                entry.stage = .waiting
                wait(entry.id, into: &out)
            }
            if hadBundles { publish(&entry, into: &out) }
            groups[entry.id] = entry
        }
        tryWaiting(nodes: &nodes, into: &out)
    }

    // MARK: The sweep

    mutating func armSweep(into out: inout [GCSDirective]) {
        guard !isSweepArmed else { return }
        isSweepArmed = true
        out.append(.startTimer(.placementGroups, afterNS: Limits.groupSweepNS))
    }

    mutating func sweepDue(nodes: inout NodeManager, into out: inout [GCSDirective]) {
        isSweepArmed = false
        for id in reserving.sorted() {
            guard let entry = groups[id], case .reserving(let plan, let awaited) = entry.stage else { continue }
            groups[id]?.sweeps += 1
            if entry.sweeps == 0 { continue }
            for (node, bundles) in entry.requests(plan) where awaited.contains(node) { ask(entry, node, bundles, plan, into: &out) }
        }
        repeatVerdicts(into: &out)
        tryWaiting(nodes: &nodes, into: &out)
        if !reserving.isEmpty || !waiting.isEmpty || !unconfirmed.isEmpty { armSweep(into: &out) }
    }

    private mutating func repeatVerdicts(into out: inout [GCSDirective]) {
        let order = unconfirmed.keys.sorted { ($0.group, $0.node) < ($1.group, $1.node) }
        for verdict in order {
            guard let (message, isOld) = unconfirmed[verdict] else { continue }
            // One that was given just now may still be on its way.
            if isOld { out.append(.send(.settleBundles(message), to: .raylet(of: verdict.node))) }
            unconfirmed[verdict]?.isOld = true
        }
    }

    /// What must hold after every event; empty when it does.
    func checkInvariants() -> [String] {
        var faults: [String] = []
        func expect(_ holds: Bool, _ fault: @autoclosure () -> String) { if !holds { faults.append(fault()) } }
        expect(Set(waiting).count == waiting.count, "a placement group waits twice")
        for (id, entry) in groups {
            expect(entry.id == id, "placement group \(id) is filed under another id")
            expect(entry.nodes.count == entry.bundles.count, "placement group \(id): nodes and bundles")
            switch entry.stage {
            case .waiting: expect(waiting.contains(id) && !entry.missing.isEmpty, "placement group \(id) waits in no line")
            case .reserving(let plan, let awaited):
                expect(reserving.contains(id) && !awaited.isEmpty, "placement group \(id) reserves nothing")
                expect(Set(plan.keys) == Set(entry.missing), "placement group \(id) reserves what it has")
            case .created: expect(entry.missing.isEmpty, "placement group \(id) has not all its bundles")
            case .removed: expect(entry.subscribers.isEmpty || entry.bundles.isEmpty, "the removed placement group \(id) has subscribers")
            }
            if entry.strategy == .strictSpread {
                let nodes = entry.nodes.compactMap(\.self)
                expect(Set(nodes).count == nodes.count, "placement group \(id) has two bundles on one node")
            }
            if entry.strategy == .strictPack {
                expect(Set(entry.nodes.compactMap(\.self)).count <= 1, "placement group \(id) lies on several nodes")
            }
        }
        for id in waiting { expect(groups[id]?.stage == .waiting, "placement group \(id) is in the line and does not wait") }
        for (name, id) in names { expect(groups[id]?.isRemoved == false, "the name \(name) is held by a removed placement group") }
        expect(
            isSweepArmed || waiting.isEmpty && reserving.isEmpty && unconfirmed.isEmpty, "nobody looks after the placement groups that wait"
        )
        return faults
    }
}
