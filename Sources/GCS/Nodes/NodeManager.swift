package import RayflowCore

/// The table of nodes: who is a member, what each has free, who is dead.
package struct NodeManager: Sendable {
    struct Entry: Sendable {
        var info: NodeInfo
        /// Counts broken connections, so that a timer of an earlier one is recognised.
        var generation: UInt64 = 0
        var isSuspected = false
        /// It was a member before the GCS restarted, and has not come back yet.
        var isAwaited = false
        /// What actors were sent there since it last reported.
        var charged = ResourceSet()
        /// As it was last stored and published.
        var told: NodeInfo?
        /// Number of its last registration with this GCS.
        var registration: UInt64 = 0
        /// Health checks sent since it was last heard of.
        var missedChecks = 0
    }

    /// Of placement groups that have all they asked for, where each bundle is.
    var bundles: [PlacementGroupID: [PlacedBundle]] = [:]
    var entries = Tracked<NodeID, Entry>()
    private var dead: BoundedHistory<NodeID>
    private var isBroadcastDue = false
    /// A node that was suspected has been heard of, since this was last asked.
    private var isBack = false

    init(remembered: Int) { dead = BoundedHistory(limit: remembered) }

    /// By node id.
    package var all: [NodeInfo] { entries.values.map(\.info).sorted { $0.node < $1.node } }
    package var alive: [NodeInfo] { all.filter(\.isAlive) }
    /// Those of the living that can be asked for something now.
    var reachable: [NodeInfo] { alive.filter { entries[$0.node].map { !$0.isSuspected && !$0.isAwaited } ?? false } }

    mutating func takeIsBack() -> Bool {
        defer { isBack = false }
        return isBack
    }

    func isAlive(_ node: NodeID) -> Bool { entries[node]?.info.isAlive == true }

    // MARK: Events

    /// False for a registration that an earlier one of the same raylet has overtaken, or that comes twice.
    mutating func isNews(_ m: RegisterNode, from: Address) -> Bool {
        guard let entry = entries[from.nodeID] else { return true }
        guard m.number > entry.registration else { return false }
        entries.note(from.nodeID) { $0.registration = m.number }
        return true
    }

    /// - Returns: the nodes that have joined, or are back.
    mutating func register(_ m: RegisterNode, from: Address, into out: inout [GCSDirective]) -> [NodeID]? {
        var joined: [NodeID] = []
        var isKnown = false, isNew = false
        for var info in m.info {
            guard info.raylet == from, info.raylet == .raylet(of: info.node), from.isRaylet, info.total.isPlausible,
                info.available.isPlausibleBalance
            else { return nil }
            info.isAlive = true
            if var entry = entries[info.node] {
                isKnown = true
                // A dead incarnation stays dead: it learns of it from the table and fences itself.
                if entry.info.isAlive {
                    if entry.isSuspected || entry.isAwaited { joined.append(info.node) }
                    entry.isAwaited = false
                    entry.info = info
                    entry.isSuspected = false
                    entry.missedChecks = 0
                    entry.generation += 1
                    entries[info.node] = entry
                }
            } else {
                isNew = true
                entries[info.node] = Entry(info: info, registration: m.number)
                joined.append(info.node)
            }
        }
        if isNew { broadcast(into: &out) } else if isKnown { out.append(.send(table, to: from)) }
        return joined
    }

    mutating func report(_ m: ResourceReport, from: Address, into out: inout [GCSDirective]) -> Bool {
        guard from == .raylet(of: m.node), m.available.isPlausibleBalance, let known = entries[m.node]?.info else { return false }
        guard known.isAlive else {
            out.append(.send(table, to: from))
            return true
        }
        if entries[m.node]?.isSuspected == true { isBack = true }
        entries[m.node]?.isSuspected = false
        entries[m.node]?.missedChecks = 0
        entries[m.node]?.charged = ResourceSet()
        guard known.available != m.available else { return true }
        entries[m.node]?.info.available = m.available
        // A raylet knows what itself has free: alone it needs no table.
        if !isBroadcastDue, alive.count > 1 {
            isBroadcastDue = true
            out.append(.startTimer(.broadcast, afterNS: Limits.broadcastNS))
        }
        return true
    }

    mutating func broadcastDue(into out: inout [GCSDirective]) {
        guard isBroadcastDue else { return }
        broadcast(into: &out)
    }

    mutating func connectionLost(_ node: NodeID, into out: inout [GCSDirective]) {
        guard var entry = entries[node], entry.info.isAlive else { return }
        entry.isSuspected = true
        entry.generation += 1
        entries[node] = entry
        out.append(.startTimer(.nodeGone(node, generation: entry.generation), afterNS: Limits.nodeGraceNS))
    }

    func isGone(_ node: NodeID, generation: UInt64) -> Bool {
        guard let entry = entries[node] else { return false }
        return entry.info.isAlive && (entry.isSuspected || entry.isAwaited) && entry.generation == generation
    }

    /// - Returns: false for a node that is not alive.
    mutating func died(_ node: NodeID, into out: inout [GCSDirective]) -> Bool {
        guard var entry = entries[node], entry.info.isAlive else { return false }
        entry.info.isAlive = false
        entry.info.available = ResourceSet()
        entries[node] = entry
        remember(dead: node)
        broadcast(into: &out)
        // The node itself may still be there.
        out.append(.send(table, to: entry.info.raylet))
        return true
    }

    /// For a node that died before this GCS started.
    mutating func remember(dead node: NodeID) {
        if let forgotten = dead.append(node) { entries.removeValue(forKey: forgotten) }
    }

    // MARK: Choice

    /// The living nodes, less what was sent there since they last reported.
    var charged: [NodeInfo] {
        reachable.map { info in
            var info = info
            info.available -= entries[info.node]?.charged ?? ResourceSet()
            return info
        }
    }

    /// The node counts as having given this away until it reports.
    mutating func charge(_ node: NodeID, _ resources: ResourceSet) {
        guard var charged = entries[node]?.charged else { return }
        charged += resources
        if charged.isPlausible { entries[node]?.charged = charged }
    }

    /// Where a worker for an actor is to be leased.
    ///
    /// - Parameter isAllowed: what its strategy says of a node.
    mutating func choose(for request: ResourceSet, where isAllowed: (NodeInfo) -> Bool = { _ in true }) -> NodeInfo? {
        let nodes = charged.filter(isAllowed)
        guard let choice = NodeChoice.withRoom(for: request, among: nodes) ?? NodeChoice.feasible(for: request, among: nodes) else {
            return nil
        }
        charge(choice.node, request)
        return choice
    }

    /// Whether a node that cannot be asked now could do it.
    func mayComeBack(for request: ResourceSet) -> Bool {
        let reachable = Set(reachable.map(\.node))
        return NodeChoice.feasible(for: request, among: alive.filter { !reachable.contains($0.node) }) != nil
    }

    private var table: Message { .nodeTable(NodeTable(nodes: all)) }

    private mutating func broadcast(into out: inout [GCSDirective]) {
        isBroadcastDue = false
        // A node that is awaited takes a table for the answer to its registration.
        for info in alive where entries[info.node]?.isAwaited == false { out.append(.send(table, to: info.raylet)) }
    }
}
