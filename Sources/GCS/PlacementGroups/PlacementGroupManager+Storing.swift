import RayflowCore

extension PlacementGroupManager {
    mutating func takeChanges(_ publisher: inout Publisher) -> [StoreChange] {
        var changes: [StoreChange] = []
        for id in groups.takeTouched() {
            let key = RowKey.placementGroup(id)
            guard let entry = groups[id] else {
                publisher.publish(.placementGroup, key: key, row: nil)
                changes.append(StoreChange(table: .placementGroup, key: key, value: nil))
                continue
            }
            let row = PlacementGroupRow(entry)
            if row == entry.told { continue }
            if !row.looksLike(entry.told) { publisher.publish(.placementGroup, key: key, row: row.encoded) }
            groups.note(id) { $0.told = row }
            changes.append(StoreChange(table: .placementGroup, key: key, value: row.encoded))
        }
        return changes
    }

    /// The table as it was stored. What had not all its bundles waits; what raylets still keep of its last plan is settled when they are back.
    mutating func restore(
        _ stored: [[UInt8]: [UInt8]], nodes table: inout NodeManager, into out: inout [GCSDirective]
    ) throws(DecodingFault) {
        var rows: [PlacementGroupRow] = []
        for row in stored.values { rows.append(try PlacementGroupRow(decoding: row)) }
        for row in rows.sorted(by: { $0.group < $1.group }) {
            let entry = PlacementGroupEntry(row)
            if entry.isRemoved {
                remember(entry)
                continue
            }
            groups[entry.id] = entry
            if !entry.name.isEmpty { names[entry.name] = entry.id }
            if entry.stage == .created { table.bundles[entry.id] = row.bundles } else { wait(entry.id, into: &out) }
        }
        _ = groups.takeTouched()
    }

    /// A raylet is there (again) and says which bundles it keeps. A missed commit is said once more, what an unfinished plan has reserved goes
    /// back, and what is missing is reserved anew.
    mutating func reconcile(
        _ raylet: Address, _ kept: [HeldBundle], nodes table: inout NodeManager, into out: inout [GCSDirective]
    ) {
        let node = raylet.nodeID
        let byGroup = Dictionary(grouping: kept, by: \.id.group)
        for (group, bundles) in byGroup.sorted(by: { $0.key < $1.key }) {
            guard let entry = groups[group], !entry.isRemoved else {
                out.append(.send(.settleBundles(SettleBundles(group: group, attempt: .max, verdict: .remove)), to: raylet))
                continue
            }
            settle(entry, bundles, on: node, nodes: &table, into: &out)
        }
        let held = Set(kept.map(\.id))
        for id in groups.keys.sorted() {
            guard var entry = groups[id], !entry.isRemoved else { continue }
            let lost = entry.nodes.indices.filter {
                entry.nodes[$0] == node && !held.contains(BundleID(group: id, index: UInt32($0)))
            }
            guard !lost.isEmpty else { continue }
            for index in lost { entry.nodes[index] = nil }
            table.bundles[id] = nil
            if entry.stage == .created {
                entry.stage = .waiting
                wait(id, into: &out)
            }
            publish(&entry, into: &out)
            groups[id] = entry
        }
    }

    private mutating func settle(
        _ known: PlacementGroupEntry, _ bundles: [HeldBundle], on node: NodeID, nodes table: inout NodeManager,
        into out: inout [GCSDirective]
    ) {
        var entry = known
        var verdicts: [UInt64: SettleBundles.Verdict] = [:]
        for bundle in bundles.sorted(by: { $0.id.index < $1.id.index }) {
            let index = Int(bundle.id.index)
            guard entry.nodes.indices.contains(index) else { continue }
            // Its answer to the plan that is under way comes, or is asked for again.
            if case .reserving = entry.stage, bundle.attempt == entry.attempt { continue }
            if entry.nodes[index] == node {
                if !bundle.isCommitted { verdicts[bundle.attempt] = .commit }
            } else if bundle.isCommitted, entry.nodes[index] == nil, bundle.attempt == entry.attempt, entry.stage == .waiting {
                // Alone in its plan the node has committed at once; only its answer was lost.
                entry.nodes[index] = node
            } else {
                verdicts[bundle.attempt] = .rollBack
            }
        }
        for (attempt, verdict) in verdicts.sorted(by: { $0.key < $1.key }) {
            out.append(.send(.settleBundles(SettleBundles(group: entry.id, attempt: attempt, verdict: verdict)), to: .raylet(of: node)))
        }
        guard entry.nodes != known.nodes else { return }
        if entry.missing.isEmpty {
            entry.stage = .created
            entry.wasCreated = true
            waiting.removeAll { $0 == entry.id }
            table.bundles[entry.id] = entry.update.bundles
        }
        publish(&entry, into: &out)
        groups[entry.id] = entry
    }
}
