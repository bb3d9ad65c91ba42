import RayflowCore

/// What this owner knows of a placement group that its tasks use or its handles name.
struct GroupView: Sendable {
    var version: UInt64 = 0
    var state = PlacementGroupState.pending
    var bundles: [PlacedBundle] = []
    var error: ErrorRecord?
    /// A node with a bundle cannot be reached: nothing is asked for until the GCS has spoken again.
    var isDoubted = false
    /// Objects that become ready with the group.
    var awaiting: [ObjectID] = []

    func reason(_ group: PlacementGroupID) -> PendingReason { .placementGroup(group, state, why: error?.message) }
}
