import RayflowCore

/// One placement group, from its creation until it is forgotten.
struct PlacementGroupEntry: Sendable {
    enum Stage: Hashable, Sendable {
        /// Some bundles have no node, and no plan for them is under way.
        case waiting
        /// First phase: these nodes have yet to answer whether they have set the planned bundles aside.
        case reserving(plan: [UInt32: NodeID], awaited: Set<NodeID>)
        case created
        case removed(ErrorRecord)
    }

    var id: PlacementGroupID
    var name: String
    var strategy: PlacementStrategy
    var bundles: [ResourceSet]
    /// By bundle; nil while it has none.
    var nodes: [NodeID?]
    var stage = Stage.waiting
    /// Counts plans; what an earlier one reserved is rolled back.
    var attempt: UInt64 = 0
    var wasCreated = false
    /// Why the nodes that are there cannot hold the missing bundles, whatever ends; nil when they could. As the subscribers were last told.
    var obstacle: String?
    /// Sweeps seen in the present attempt.
    var sweeps = 0
    var version: UInt64 = 1
    var subscribers: [Address]
    /// As it was last stored.
    var told: PlacementGroupRow?

    init(_ m: CreatePlacementGroup, creator: Address) {
        id = m.group
        name = m.name
        strategy = m.strategy
        bundles = m.bundles
        nodes = Array(repeating: nil, count: m.bundles.count)
        subscribers = [creator]
    }

    /// As it was stored. What was being reserved waits.
    init(_ row: PlacementGroupRow) {
        (id, name, strategy) = (row.group, row.name, row.strategy)
        bundles = row.bundles.map(\.resources)
        nodes = row.bundles.map(\.node)
        (attempt, version, subscribers, told) = (row.attempt, row.version, [], row)
        switch row.state {
        case .pending, .rescheduling: stage = .waiting
        case .created: stage = .created
        case .removed: stage = .removed(row.error ?? PlacementGroupManager.removal(row.group, "was removed"))
        }
        wasCreated = row.state == .created || row.state == .rescheduling
    }

    var isRemoved: Bool { if case .removed = stage { true } else { false } }

    /// The bundles that have no node.
    var missing: [UInt32] { nodes.indices.filter { nodes[$0] == nil }.map { UInt32($0) } }

    var state: PlacementGroupState {
        switch stage {
        case .waiting, .reserving: wasCreated ? .rescheduling : .pending
        case .created: .created
        case .removed: .removed
        }
    }

    var update: PlacementGroupUpdate {
        let error: ErrorRecord? =
            switch stage {
            case .removed(let why): why
            case .waiting: obstacle.map { ErrorRecord(.unschedulable, $0) }
            case .reserving, .created: nil
            }
        return PlacementGroupUpdate(
            group: id, version: version, state: state,
            bundles: zip(bundles, nodes).map { PlacedBundle(resources: $0, node: $1) }, error: error)
    }

    /// What each node of a plan is to set aside, by node.
    func requests(_ plan: [UInt32: NodeID]) -> [(node: NodeID, bundles: [BundleRequest])] {
        var byNode: [NodeID: [BundleRequest]] = [:]
        for (index, node) in plan.sorted(by: { $0.key < $1.key }) {
            byNode[node, default: []].append(BundleRequest(index: index, resources: bundles[Int(index)]))
        }
        return byNode.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
