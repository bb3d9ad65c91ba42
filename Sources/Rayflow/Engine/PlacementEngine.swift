package import RayflowCore

/// What an engine over nodes can do besides: placement groups, and the reason why something waits.
package protocol PlacementEngine: Engine {
    /// At once; the group is reserved in the background.
    func makeGroup(_ bundles: [ResourceSet], _ strategy: PlacementStrategy, name: String) -> PlacementGroupID
    /// An object that is ``Done`` when every bundle is reserved, with one count for the caller.
    func groupReady(_ group: PlacementGroupID) -> ObjectID
    /// Unknown and removed groups: nothing happens.
    func removeGroup(_ group: PlacementGroupID)
    func groupState(_ group: PlacementGroupID) -> (state: PlacementGroupState, bundles: [PlacedBundle])?
    /// - Throws: `shutDown`.
    func namedGroup(_ name: String) async throws(RayflowError) -> (group: PlacementGroupID, bundleCount: Int)?
    /// Nil when the object is there, is being made, or is not made here.
    func explain(_ id: ObjectID) async -> PendingReason?
}
