package import RayflowCore

/// The table of placement groups: reserved in two phases over the raylets, all or nothing.
///
/// A group whose bundles have no nodes waits in a line; it is tried when resources come, when nodes join and at every sweep. What a node has
/// set aside for an attempt is either committed or rolled back.
package struct PlacementGroupManager: Sendable {
    var groups = Tracked<PlacementGroupID, PlacementGroupEntry>()
    var names: [String: PlacementGroupID] = [:]
    /// Those that wait for room, in the order of their turns.
    var waiting: [PlacementGroupID] = []
    var reserving: Set<PlacementGroupID> = []
    var removed: BoundedHistory<PlacementGroupID>
    var isSweepArmed = false
    /// What nodes were told of their bundles and have not confirmed.
    var unconfirmed: [Verdict: (message: SettleBundles, isOld: Bool)] = [:]

    struct Verdict: Hashable, Sendable {
        var group: PlacementGroupID
        var node: NodeID
    }

    init(remembered: Int) { removed = BoundedHistory(limit: remembered) }

    package func state(of id: PlacementGroupID) -> PlacementGroupState? { groups[id]?.state }
    /// By bundle; nil while it has none.
    package func nodes(of id: PlacementGroupID) -> [NodeID?] { groups[id]?.nodes ?? [] }

    // MARK: Requests

    mutating func create(
        _ m: CreatePlacementGroup, from: Address, hasJobEnded: Bool, nodes: inout NodeManager, into out: inout [GCSDirective]
    ) {
        if groups[m.group] != nil { return subscribe(m.group, from, into: &out) }
        var entry = PlacementGroupEntry(m, creator: from)
        if let fault = fault(m, hasJobEnded) {
            entry.bundles = []
            entry.nodes = []
            entry.stage = .removed(fault)
            remember(entry)
            return tell(from, of: entry, into: &out)
        }
        groups[m.group] = entry
        if !m.name.isEmpty { names[m.name] = m.group }
        if !attempt(m.group, nodes: &nodes, into: &out) { wait(m.group, into: &out) }
    }

    private func fault(_ m: CreatePlacementGroup, _ hasJobEnded: Bool) -> ErrorRecord? {
        if hasJobEnded { return ErrorRecord(.cancelled, "job \(m.group.job) has ended") }
        guard !m.bundles.isEmpty, m.bundles.count <= Limits.bundlesPerGroup, m.bundles.allSatisfy({ !$0.isEmpty && $0.isPlausible }) else {
            return ErrorRecord(
                .invalidArgument, "a placement group has 1 to \(Limits.bundlesPerGroup) bundles, each with an amount of some resource")
        }
        if !m.name.isEmpty, names[m.name] != nil {
            return ErrorRecord(.invalidArgument, "the name \"\(m.name)\" is taken by another placement group")
        }
        return nil
    }

    mutating func subscribe(_ id: PlacementGroupID, _ address: Address, into out: inout [GCSDirective]) {
        guard var entry = groups[id] else {
            let error = ErrorRecord(.placementGroupRemoved, "unknown placement group \(id): it was never made here, or removed long ago")
            let update = PlacementGroupUpdate(group: id, version: .max, state: .removed, bundles: [], error: error)
            return out.append(.send(.placementGroupUpdate(update), to: address))
        }
        if !entry.isRemoved, !entry.subscribers.contains(address) { entry.subscribers.append(address) }
        groups[id] = entry
        tell(address, of: entry, into: &out)
    }

    func lookup(_ m: LookupPlacementGroup, from: Address, into out: inout [GCSDirective]) {
        let entry = names[m.name].flatMap { groups[$0] }
        let found = PlacementGroupFound(request: m.request, group: entry?.id, bundleCount: UInt32(entry?.bundles.count ?? 0))
        out.append(.send(.placementGroupFound(found), to: from))
    }

    /// - Returns: false for a group that is not there (any more).
    mutating func remove(_ id: PlacementGroupID, _ why: String, nodes table: inout NodeManager, into out: inout [GCSDirective]) -> Bool {
        guard var entry = groups[id], !entry.isRemoved else { return false }
        var nodes = Set(entry.nodes.compactMap(\.self))
        if case .reserving(let plan, _) = entry.stage { nodes.formUnion(plan.values) }
        for node in nodes.sorted() { settle(entry, on: node, .remove, into: &out) }
        table.bundles[id] = nil
        reserving.remove(id)
        if case .waiting = entry.stage { waiting.removeAll { $0 == id } }
        if names[entry.name] == id { names[entry.name] = nil }
        entry.stage = .removed(Self.removal(id, why))
        entry.nodes = Array(repeating: nil, count: entry.bundles.count)
        publish(&entry, into: &out)
        entry.subscribers = []
        remember(entry)
        return true
    }

    static func removal(_ id: PlacementGroupID, _ why: String) -> ErrorRecord {
        ErrorRecord(.placementGroupRemoved, "placement group \(id) \(why)")
    }

    mutating func remember(_ entry: PlacementGroupEntry) {
        groups[entry.id] = entry
        if let forgotten = removed.append(entry.id) { groups.removeValue(forKey: forgotten) }
    }

    func groups(of job: JobID) -> [PlacementGroupID] {
        groups.values.filter { $0.id.job == job && !$0.isRemoved }.map(\.id).sorted { $0.unique < $1.unique }
    }

    mutating func subscriberGone(where isGone: (Address) -> Bool) {
        for id in groups.keys where groups[id]?.subscribers.contains(where: isGone) == true {
            groups[id]?.subscribers.removeAll(where: isGone)
        }
    }

    // MARK: Updates

    private func tell(_ address: Address, of entry: PlacementGroupEntry, into out: inout [GCSDirective]) {
        out.append(.send(.placementGroupUpdate(entry.update), to: address))
    }

    /// To all subscribers, as a new version.
    func publish(_ entry: inout PlacementGroupEntry, into out: inout [GCSDirective]) {
        entry.version += 1
        for address in entry.subscribers { tell(address, of: entry, into: &out) }
    }

    /// The last word on the node's bundles of the group; it is repeated until the node has confirmed it, or is dead.
    mutating func settle(
        _ entry: PlacementGroupEntry, on node: NodeID, _ verdict: SettleBundles.Verdict, into out: inout [GCSDirective]
    ) {
        let message = SettleBundles(group: entry.id, attempt: entry.attempt, verdict: verdict)
        unconfirmed[Verdict(group: entry.id, node: node)] = (message, false)
        out.append(.send(.settleBundles(message), to: .raylet(of: node)))
        armSweep(into: &out)
    }

    mutating func settled(_ m: BundlesSettled, from: Address) -> Bool {
        let verdict = Verdict(group: m.settled.group, node: from.nodeID)
        guard from.isRaylet, let last = unconfirmed[verdict] else { return false }
        // An older word's confirmation says nothing of the last one.
        if last.message == m.settled { unconfirmed[verdict] = nil }
        return true
    }
}
