public import RayflowCore

/// Resources reserved together, all or nothing, on one or several nodes: `ray.placementGroup(bundles:strategy:name:)`.
///
/// Tasks and actors use them with `placement: .group(group)`. A group goes with the job that made it, or by ``Cluster/remove(_:)``. When a node
/// with bundles dies, these are reserved elsewhere by the same strategy.
public struct PlacementGroup: Sendable {
    public let id: PlacementGroupID
    /// How many bundles were asked for.
    public let bundleCount: Int
    let cluster: Cluster

    init(_ id: PlacementGroupID, bundleCount: Int, in cluster: Cluster) {
        self.id = id
        self.bundleCount = bundleCount
        self.cluster = cluster
    }

    /// A ref that is ready when every bundle is reserved. It takes no resources itself.
    ///
    /// It fails with `placementGroupRemoved` when the group is removed before, and with `invalidArgument` when its name is taken.
    public func ready() -> ObjectRef<Done> {
        guard let engine = cluster.engine as? any PlacementEngine else {
            return ObjectRef(RefBox(adopting: cluster.engine.putFailure(cluster.noPlacement), in: cluster))
        }
        return ObjectRef(RefBox(adopting: engine.groupReady(id), in: cluster))
    }

    /// Waits until every bundle is reserved.
    ///
    /// - Returns: false when that has not happened in time.
    /// - Throws: what ``ready()`` fails with; `CancellationError` when the calling task is cancelled.
    public func wait(timeout: Duration? = nil) async throws -> Bool {
        let ref = ready()
        guard try await !cluster.wait([ref], count: 1, timeout: timeout).ready.isEmpty else { return false }
        try await ref.get()
        return true
    }

    /// The node of each bundle, as far as known here: nil while it has none.
    public var nodes: [NodeID?] {
        let known = (cluster.engine as? any PlacementEngine)?.groupState(id)
        return known?.bundles.map(\.node) ?? Array(repeating: nil, count: bundleCount)
    }
}

extension PlacementGroup: Hashable {
    public static func == (a: Self, b: Self) -> Bool { a.id == b.id }
    public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

extension Cluster {
    /// Reserves resources together, all or nothing. Returns at once; see ``PlacementGroup/ready()``.
    ///
    /// - Parameters:
    ///   - bundles: resources of each bundle by name, as in `[["CPU": 2], ["CPU": 1, "GPU": 1]]`; each lies on one node.
    ///   - strategy: how they lie on nodes. What cannot be had now is waited for.
    ///   - name: to find it by ``placementGroup(named:)``; unique in the cluster while it lives.
    /// - Throws: `invalidArgument` for no bundle, an empty one, or an impossible amount.
    public func placementGroup(
        bundles: [[String: Double]], strategy: PlacementStrategy = .pack, name: String? = nil
    ) throws(RayflowError) -> PlacementGroup {
        guard let engine = engine as? any PlacementEngine else { throw RayflowError(noPlacement) }
        guard !bundles.isEmpty else { throw RayflowError(.invalidArgument, "placementGroup: no bundles; give at least one") }
        var sets: [ResourceSet] = []
        for (index, amounts) in bundles.enumerated() {
            let set = try ResourceSet(amounts)
            guard !set.isEmpty else {
                throw RayflowError(.invalidArgument, "placementGroup: bundle \(index) is empty; give an amount of some resource")
            }
            try set.checkDevices()
            sets.append(set)
        }
        return PlacementGroup(engine.makeGroup(sets, strategy, name: name ?? ""), bundleCount: sets.count, in: self)
    }

    /// The placement group of this name; nil if there is none.
    public func placementGroup(named name: String) async throws -> PlacementGroup? {
        guard let engine = engine as? any PlacementEngine else { throw RayflowError(noPlacement) }
        return try await engine.namedGroup(name).map { PlacementGroup($0.group, bundleCount: $0.bundleCount, in: self) }
    }

    /// Gives the resources of a placement group back. Its tasks and actors end with `placementGroupRemoved`. Of a group that is removed
    /// already: nothing.
    public func remove(_ group: PlacementGroup) { (engine as? any PlacementEngine)?.removeGroup(group.id) }

    /// Why the task that makes the object has not started: the answer of its owner or of the scheduler, never guessed.
    ///
    /// - Returns: nil when it runs, when it has ended, and for an object that no task of this process makes. For ``PlacementGroup/ready()``: what
    ///   the group waits for.
    public func explain<T>(_ ref: ObjectRef<T>) async -> PendingExplanation? {
        defer { withExtendedLifetime(ref.box) {} }
        return await (engine as? any PlacementEngine)?.explain(ref.id).map { PendingExplanation($0) }
    }

    var noPlacement: ErrorRecord {
        (engine as? AbsentEngine)?.error ?? ErrorRecord(.unsupported, "this engine has no nodes, and no placement groups")
    }
}

/// Why a task has not started.
public struct PendingExplanation: Sendable, Hashable, CustomStringConvertible {
    /// The kind of reason, such as `resource`, `dependencies`, `placement-group`, `worker-starts` or `behind`.
    public let code: String
    /// The reason with its amounts and names, for people.
    public let description: String

    package init(_ reason: PendingReason) {
        code = reason.code
        description = reason.description
    }
}
