package import RayflowCore

/// Which node each bundle goes to: pure, and the same for the same inputs.
package enum BundlePlan {
    package struct Bundle: Hashable, Sendable {
        package var index: UInt32
        package var resources: ResourceSet
        package init(index: UInt32, resources: ResourceSet) {
            self.index = index
            self.resources = resources
        }
    }

    /// A node for every bundle, or nil when they do not all find room at the moment.
    ///
    /// - Parameters:
    ///   - nodes: alive, with what they have free now.
    ///   - held: how many bundles of the group each node has already.
    package static func make(
        _ bundles: [Bundle], _ strategy: PlacementStrategy, nodes: [NodeInfo], held: [NodeID: Int] = [:]
    ) -> [UInt32: NodeID]? {
        let nodes = nodes.filter { $0.isAlive && !$0.available.hasDebt }.sorted { $0.node < $1.node }
        // The largest first: what is small finds room later, too.
        let bundles = bundles.sorted { (size($0), $1.index) > (size($1), $0.index) }
        switch strategy {
        case .pack: return pack(bundles, nodes, held)
        case .spread: return spread(bundles, nodes, held)
        case .strictPack: return strictPack(bundles, nodes, held)
        case .strictSpread: return strictSpread(bundles, nodes.filter { held[$0.node] == nil })
        }
    }

    /// Why the nodes could not hold the bundles even if nothing else ran, or nil when they could.
    package static func obstacle(
        _ bundles: [Bundle], _ strategy: PlacementStrategy, nodes: [NodeInfo], held: [NodeID: Int] = [:]
    ) -> String? {
        let empty = nodes.filter(\.isAlive).map { node in
            var node = node
            node.available = node.total
            return node
        }
        if make(bundles, strategy, nodes: empty, held: held) != nil { return nil }
        if let misfit = bundles.first(where: { bundle in !empty.contains { bundle.resources.fits(in: $0.available) } }) {
            return "no node has \(misfit.resources), which bundle \(misfit.index) needs"
        }
        switch strategy {
        case .pack, .spread: return "the nodes have less than its bundles need together"
        case .strictPack:
            let sum = bundles.reduce(into: ResourceSet()) { $0 += $1.resources }
            return held.isEmpty
                ? "no node has \(sum), which its bundles need together on one" : "the node with its other bundles has not \(sum)"
        case .strictSpread:
            return "each of its \(bundles.count + held.count) bundles needs a node of its own, and \(empty.count) nodes are there"
        }
    }

    private static func size(_ bundle: Bundle) -> Int64 {
        bundle.resources.amounts.reduce(0) { sum, amount in
            amount.key == ResourceSet.memory ? sum : sum.addingReportingOverflow(amount.value).partialValue
        }
    }

    /// Node after node, the one that takes most of what is left; nodes that have bundles of the group first.
    private static func pack(_ bundles: [Bundle], _ nodes: [NodeInfo], _ held: [NodeID: Int]) -> [UInt32: NodeID]? {
        var plan: [UInt32: NodeID] = [:]
        var left = bundles
        var unused = nodes
        while !left.isEmpty {
            var best: (taken: [Bundle], at: Int, held: Int)?
            for (at, node) in unused.enumerated() {
                var free = node.available
                var taken: [Bundle] = []
                for bundle in left where bundle.resources.fits(in: free) {
                    free -= bundle.resources
                    taken.append(bundle)
                }
                let count = held[node.node] ?? 0
                if !taken.isEmpty, best.map({ (taken.count, count) > ($0.taken.count, $0.held) }) ?? true { best = (taken, at, count) }
            }
            guard let best else { return nil }
            for bundle in best.taken { plan[bundle.index] = unused[best.at].node }
            left.removeAll { plan[$0.index] != nil }
            unused.remove(at: best.at)
        }
        return plan
    }

    /// Each to the node with the fewest bundles of the group that has room, of those to the least loaded.
    private static func spread(_ bundles: [Bundle], _ nodes: [NodeInfo], _ held: [NodeID: Int]) -> [UInt32: NodeID]? {
        var plan: [UInt32: NodeID] = [:]
        var nodes = nodes
        var held = held
        for bundle in bundles {
            let roomy = nodes.indices.filter { bundle.resources.fits(in: nodes[$0].available) }
            func rank(_ at: Int) -> (Int, Double, UInt64) {
                (held[nodes[at].node] ?? 0, NodeChoice.load(nodes[at]), nodes[at].node.value)
            }
            guard let at = roomy.min(by: { rank($0) < rank($1) }) else { return nil }
            nodes[at].available -= bundle.resources
            held[nodes[at].node, default: 0] += 1
            plan[bundle.index] = nodes[at].node
        }
        return plan
    }

    private static func strictPack(_ bundles: [Bundle], _ nodes: [NodeInfo], _ held: [NodeID: Int]) -> [UInt32: NodeID]? {
        let sum = bundles.reduce(into: ResourceSet()) { $0 += $1.resources }
        guard sum.isPlausible else { return nil }
        let allowed = held.isEmpty ? nodes : nodes.filter { held[$0.node] != nil }
        guard let node = NodeChoice.withRoom(for: sum, among: allowed) else { return nil }
        return Dictionary(bundles.map { ($0.index, node.node) }) { first, _ in first }
    }

    /// A matching of bundles and nodes, found by augmenting paths: a greedy choice could give a large node to a small bundle.
    private static func strictSpread(_ bundles: [Bundle], _ nodes: [NodeInfo]) -> [UInt32: NodeID]? {
        guard bundles.count <= nodes.count else { return nil }
        var bundleOf: [Int: Int] = [:]
        func place(_ bundle: Int, _ tried: inout Set<Int>) -> Bool {
            for at in nodes.indices where !tried.contains(at) && bundles[bundle].resources.fits(in: nodes[at].available) {
                tried.insert(at)
                if let other = bundleOf[at], !place(other, &tried) { continue }
                bundleOf[at] = bundle
                return true
            }
            return false
        }
        for bundle in bundles.indices {
            var tried: Set<Int> = []
            guard place(bundle, &tried) else { return nil }
        }
        return Dictionary(bundleOf.map { (bundles[$0.value].index, nodes[$0.key].node) }) { first, _ in first }
    }
}
