/// The hybrid policy by which the GCS and the raylets pick a node: pack nodes until they are half full, then prefer the least loaded.
///
/// Ties go to the local node, then to the lowest node id, so that a choice depends on nothing but its inputs.
package enum NodeChoice {
    /// Below this share in use a node counts as empty, and nodes are filled one after another.
    package static let packedShare = 0.5

    /// The best of the living nodes that have room at the moment.
    package static func withRoom(for request: ResourceSet, among nodes: some Sequence<NodeInfo>, local: NodeID? = nil) -> NodeInfo? {
        best(nodes.lazy.filter { $0.isAlive && !$0.available.hasDebt && request.fits(in: $0.available) }, local: local)
    }

    /// The best of the living nodes that could serve the request if they were empty.
    package static func feasible(for request: ResourceSet, among nodes: some Sequence<NodeInfo>, local: NodeID? = nil) -> NodeInfo? {
        best(nodes.lazy.filter { $0.isAlive && request.fits(in: $0.total) }, local: local)
    }

    /// Share in use of the scarcest resource; 0 for an empty node.
    package static func load(_ node: NodeInfo) -> Double {
        var load = 0.0
        for (name, total) in node.total.amounts where total > 0 {
            load = max(load, 1 - Double(node.available[name]) / Double(total))
        }
        return load
    }

    /// Why no node can ever serve a request: the resource, what was asked for, and the most that a living node has.
    ///
    /// - Parameter nodes: those that the strategy allows.
    package static func infeasibility(
        _ request: ResourceSet, _ strategy: SchedulingStrategy = .hybrid, among nodes: some Collection<NodeInfo>
    ) -> ErrorRecord {
        let alive = nodes.filter(\.isAlive)
        if alive.isEmpty, case .labels = strategy {
            return ErrorRecord(.unschedulable, "needs a node with the labels \(strategy), but no node has them")
        }
        func most(_ name: String) -> Int64 { alive.map { $0.total[name] }.max() ?? 0 }
        for (name, asked) in request.amounts.sorted(by: { $0.key < $1.key }) where asked > most(name) {
            let total = ResourceSet.text(most(name))
            return ErrorRecord(.unschedulable, "needs \(name): \(ResourceSet.text(asked)), but no node has more than \(total) in total")
        }
        let totals = alive.map { "\($0.node) (\($0.total))" }.sorted().joined(separator: ", ")
        return ErrorRecord(.unschedulable, "needs \(request) together, but no node has that in total: \(totals)")
    }

    private static func best(_ nodes: some Sequence<NodeInfo>, local: NodeID?) -> NodeInfo? {
        func rank(_ node: NodeInfo) -> (Double, Int, UInt64) {
            let load = load(node)
            return (load < packedShare ? 0 : load, node.node == local ? 0 : 1, node.node.value)
        }
        return nodes.min { rank($0) < rank($1) }
    }
}

extension ResourceSet {
    /// The largest amount, × ``unit``, that sums of a node may reach without leaving the range of Int64.
    private static let largest = Int64(largestAmount) * unit

    /// Amounts as a request or a node's total may have them: what came over the wire is checked with it before it is added to anything.
    package var isPlausible: Bool { amounts.values.allSatisfy { $0 > 0 && $0 <= Self.largest } }
    /// As ``isPlausible``, but with the debt that a node may have for a while.
    package var isPlausibleBalance: Bool { amounts.values.allSatisfy { $0 >= -Self.largest && $0 <= Self.largest } }
}
