public import RayflowCore

/// Where a task or an actor may run.
public struct Placement: Sendable, Hashable {
    package enum Rule: Sendable, Hashable {
        case pack
        case spread
        case node(String, soft: Bool)
        case labels([String: String])
        case group(PlacementGroupID, bundle: Int?, capturesChildren: Bool)
    }
    package let rule: Rule

    /// Nodes are filled one after the other up to half, then shared out: the default.
    public static let pack = Self(rule: .pack)
    /// One feasible node after the other, best effort: a node that is full sends the task on to one with room. Where it runs is chosen for
    /// each of the first 16 waiting tasks; what waits behind them uses the workers of those that have ended.
    public static let spread = Self(rule: .spread)
    /// The node with this id (hexadecimal). When it is dead, or can never serve the request, a `soft` one goes elsewhere and any other fails
    /// with `unschedulable`. When it is alive and busy, both wait.
    public static func node(_ id: String, soft: Bool = false) -> Self { Self(rule: .node(id, soft: soft)) }
    /// The node with this id.
    public static func node(_ id: NodeID, soft: Bool = false) -> Self { Self(rule: .node("\(id)", soft: soft)) }
    /// Nodes whose labels satisfy all of these rules by label: `v`, `!v`, `in(a,b)` or `!in(a,b)`. A node without the label satisfies negated
    /// rules only.
    public static func labels(_ labels: [String: String]) -> Self { Self(rule: .labels(labels)) }
    /// Resources of a placement group.
    ///
    /// - Parameters:
    ///   - bundle: its position; nil for any with room.
    ///   - capturesChildren: whether what the task or actor submits goes into the group, too, unless it has a placement of its own.
    public static func group(_ group: PlacementGroup, bundle: Int? = nil, capturesChildren: Bool = false) -> Self {
        Self(rule: .group(group.id, bundle: bundle, capturesChildren: capturesChildren))
    }

    /// As it travels.
    package func strategy() throws(RayflowError) -> SchedulingStrategy {
        switch rule {
        case .pack: return .hybrid
        case .spread: return .spread
        case .node(let text, let soft):
            guard text.count == 16, let id = UInt64(text, radix: 16), id != 0 else {
                throw RayflowError(.invalidArgument, "placement: \"\(text)\" is no node id; it has 16 hexadecimal digits")
            }
            return .node(NodeID(id), soft: soft)
        case .labels(let labels):
            var rules: [String: LabelRule] = [:]
            for (name, text) in labels { rules[name] = try LabelRule(parsing: text) }
            return .labels(rules)
        case .group(let group, let bundle, let captures):
            guard let bundle else { return .bundle(of: group, index: nil, capturesChildren: captures) }
            guard let index = UInt32(exactly: bundle) else {
                throw RayflowError(.invalidArgument, "placement: bundle \(bundle) is no position")
            }
            return .bundle(of: group, index: index, capturesChildren: captures)
        }
    }
}
