import RayflowCore

/// What the store knows of one object, or of the space of a retired one.
struct StoredObject {
    var place: ObjectPlace
    /// Its extent in the allocator.
    var extent: Int
    var creator: UInt64
    var isSealed = false
    /// Pins by message, of all clients.
    var pins = 0
    /// Deleted by its owner; goes when it is sealed or aborted and the last pin is gone.
    var isDeleted = false
}

/// What a client holds: what has to go when it dies.
struct StoreClient {
    var pins: [ObjectID: Int] = [:]
    var unsealed: Set<ObjectID> = []
    var isIdle: Bool { pins.isEmpty && unsealed.isEmpty }
}

/// A creation that waits for a slab.
struct PendingCreate {
    var ticket: UInt64
    var id: ObjectID
    var size: Int
    var client: UInt64
}
