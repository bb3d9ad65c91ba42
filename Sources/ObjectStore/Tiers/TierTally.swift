import RayflowCore

/// What the colder tiers hold, and what went through them.
struct TierTally {
    var warmObjects = 0
    /// Reserved in the arena for packed objects.
    var warmBytes = 0
    var coldObjects = 0
    /// Reserved in the spill folder.
    var coldBytes = 0
    var packed = 0
    var spilled = 0
    var restored = 0
    var dropped = 0
    var damaged = 0
}

/// A move that has no answer yet, and what it was given.
struct MoveUnderWay {
    enum Kind { case pack, spill, spillWarm, restore }
    var object: ObjectID
    var kind: Kind
    /// Extent of the target: in the arena for `pack` and `restore`, in the spill folder otherwise.
    var extent: Int
    /// Bytes that a `pack` was granted.
    var granted = 0
    /// Bytes of the arena that are likely to be free afterwards.
    var relief = 0
}
