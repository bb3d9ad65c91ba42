/// The state of a store in numbers; sizes in bytes.
package struct StoreStatistics: Sendable, Hashable {
    /// Objects that have a name, sealed or not.
    package var objects = 0
    package var sealedObjects = 0
    /// Reserved for objects and for retired space, rounding included.
    package var usedBytes = 0
    /// What the objects in the hot tier asked for.
    package var requestedBytes = 0
    /// Populated and free.
    package var freeBytes = 0
    /// Objects whose name is gone while a process may still read them, and their reserved space.
    package var retiredObjects = 0
    package var retiredBytes = 0
    package var slabsReady = 0
    /// Slabs with memory behind them can never be more than this.
    package var slabLimit = 0
    package var capacityBytes = 0
    /// Requests that wait for room.
    package var pendingCreates = 0

    /// Packed objects in the arena, and what is reserved for them there; a part of `usedBytes`.
    package var warmObjects = 0
    package var warmBytes = 0
    /// Objects with a copy in the spill folder, and what is reserved for them there.
    package var coldObjects = 0
    package var coldBytes = 0
    /// Reserved in the spill folder in all: what is on its way there and what is being freed included.
    package var spillBytes = 0
    package var spillFiles = 0
    /// Parts of `usedBytes` and `spillBytes` into which moves write what is not yet their object's.
    package var movingBytes = 0
    package var spillMovingBytes = 0
    /// Part of `spillBytes` that nobody needs any more, and whose blocks are being given back.
    package var spillFreeingBytes = 0
    package var movesUnderWay = 0
    /// Moves since the start.
    package var packed = 0
    package var spilled = 0
    package var restored = 0
    /// Raw copies that went without a move: there was another, here or on other nodes.
    package var dropped = 0
    /// Copies that were lost because they came back damaged.
    package var damaged = 0

    package init() {}
}
