package import RayflowCore

/// The table of nodes: who is a member, what each has free, who is dead.
package struct NodeManager: Sendable {
    struct Entry: Sendable {
        var info: NodeInfo
        /// Counts broken connections, so that a timer of an earlier one is recognised.
        var generation: UInt64 = 0
        var isSuspected = false
        /// What actors were sent there since it last reported.
        var charged = ResourceSet()
    }

    private(set) var entries: [NodeID: Entry] = [:]
    private var dead: BoundedHistory<NodeID>
    private var isBroadcastDue = false

    init(remembered: Int) { dead = BoundedHistory(limit: remembered) }

    /// By node id.
    package var all: [NodeInfo] { entries.values.map(\.info).sorted { $0.node < $1.node } }
    package var alive: [NodeInfo] { all.filter(\.isAlive) }

    func isAlive(_ node: NodeID) -> Bool { entries[node]?.info.isAlive == true }

    // MARK: Events

    /// - Returns: the nodes that have joined.
    mutating func register(_ m: RegisterNode, from: Address, into out: inout [GCSDirective]) -> [NodeID]? {
        var joined: [NodeID] = []
        var isKnown = false
        for var info in m.info {
            guard info.raylet == from, info.raylet == .raylet(of: info.node), from.isRaylet, info.total.isPlausible,
                info.available.isPlausibleBalance
            else { return nil }
            info.isAlive = true
            if var entry = entries[info.node] {
                isKnown = true
                // A dead incarnation stays dead: it learns of it from the table and fences itself.
                if entry.info.isAlive {
                    entry.info = info
                    entry.isSuspected = false
                    entry.generation += 1
                    entries[info.node] = entry
                }
            } else {
                entries[info.node] = Entry(info: info)
                joined.append(info.node)
            }
        }
        if !joined.isEmpty { broadcast(into: &out) } else if isKnown { out.append(.send(table, to: from)) }
        return joined
    }

    mutating func report(_ m: ResourceReport, from: Address, into out: inout [GCSDirective]) -> Bool {
        guard from == .raylet(of: m.node), m.available.isPlausibleBalance, let known = entries[m.node]?.info else { return false }
        guard known.isAlive else {
            out.append(.send(table, to: from))
            return true
        }
        entries[m.node]?.isSuspected = false
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
        return entry.info.isAlive && entry.isSuspected && entry.generation == generation
    }

    /// - Returns: false for a node that is not alive.
    mutating func died(_ node: NodeID, into out: inout [GCSDirective]) -> Bool {
        guard var entry = entries[node], entry.info.isAlive else { return false }
        entry.info.isAlive = false
        entry.info.available = ResourceSet()
        entries[node] = entry
        if let forgotten = dead.append(node) { entries[forgotten] = nil }
        broadcast(into: &out)
        // The node itself may still be there.
        out.append(.send(table, to: entry.info.raylet))
        return true
    }

    // MARK: Choice

    /// Where a worker for an actor is to be leased; the node counts as charged until it reports.
    mutating func choose(for request: ResourceSet) -> NodeInfo? {
        let nodes = alive.map { info in
            var info = info
            info.available -= entries[info.node]?.charged ?? ResourceSet()
            return info
        }
        guard let choice = NodeChoice.withRoom(for: request, among: nodes) ?? NodeChoice.feasible(for: request, among: nodes) else {
            return nil
        }
        if var charged = entries[choice.node]?.charged {
            charged += request
            if charged.isPlausible { entries[choice.node]?.charged = charged }
        }
        return choice
    }

    private var table: Message { .nodeTable(NodeTable(nodes: all)) }

    private mutating func broadcast(into out: inout [GCSDirective]) {
        isBroadcastDue = false
        for info in alive { out.append(.send(table, to: info.raylet)) }
    }
}
