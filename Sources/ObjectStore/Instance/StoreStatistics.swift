/// The state of a store in numbers; sizes in bytes.
package struct StoreStatistics: Sendable, Hashable {
    /// Objects that have a name, sealed or not.
    package var objects = 0
    package var sealedObjects = 0
    /// Reserved for objects and for retired space, rounding included.
    package var usedBytes = 0
    /// What the objects asked for.
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
    /// Creations that wait for a slab.
    package var pendingCreates = 0

    package init() {}
}
