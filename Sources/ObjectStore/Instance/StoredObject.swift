import RayflowCore

/// What the store knows of one object.
struct StoredObject {
    /// Bytes of its value, whatever form they have.
    var size: Int
    var creator: UInt64
    /// Its raw bytes in the arena: being written, readable, or being brought back.
    var hot: HotCopy?
    /// Its packed bytes, at most one of the two. A cold copy is kept beside a hot one, so that the object need not be spilled again.
    var warm: PackedCopy?
    var cold: PackedCopy?
    /// CRC32C of the value, taken when it first left the hot tier.
    var checksum: UInt32?
    var isSealed = false
    /// Pins by message, of all clients.
    var pins = 0
    /// Deleted by its owner; goes when it is sealed or aborted and the last pin is gone.
    var isDeleted = false
    /// Copied from another node: dropped instead of spilled.
    var isSecondary = false
    /// Who is told when such a copy is dropped.
    var ownerToTell: Address?
    /// LZ4 was tried and did not pay.
    var isIncompressible = false
    /// Changes with each use.
    var stamp: UInt64 = 0
    /// In ticks.
    var created = 0
    var lastUse = 0
    /// The move that is under way.
    var move: UInt64?
    /// A restore waits for room.
    var awaitsRoom = false
    /// Who waits for it to be brought back.
    var opens: [(ticket: UInt64, client: UInt64)] = []

    /// Its raw bytes are complete and immutable.
    var isReadable: Bool { isSealed && hot?.isComplete == true }
    /// Nobody reads it, and nothing is under way with it.
    var isIdle: Bool { isSealed && pins == 0 && !isDeleted && move == nil && opens.isEmpty }
    var tier: Tier { hot != nil ? .hot : warm != nil ? .warm : .cold }
}

struct HotCopy {
    var place: ObjectPlace
    /// Its extent in the arena's allocator.
    var extent: Int
    /// False while a restore fills it.
    var isComplete = true
}

struct PackedCopy {
    /// Its extent in the arena, or in the spill folder's space.
    var extent: Int
    /// Packed bytes; what is reserved is rounded up.
    var count: Int
}

/// What a client holds: what has to go when it dies.
struct StoreClient {
    var pins: [ObjectID: Int] = [:]
    var unsealed: Set<ObjectID> = []
    var opens: Set<ObjectID> = []
    var isIdle: Bool { pins.isEmpty && unsealed.isEmpty && opens.isEmpty }
}

/// A request that waits for room.
struct PendingRoom {
    enum Purpose {
        case create(client: UInt64, copyOf: Address?)
        /// For an object of a colder tier that somebody wants to read.
        case restore
    }

    var ticket: UInt64
    var id: ObjectID
    var size: Int
    var purpose: Purpose
    /// In ticks.
    var since: Int

    var creator: UInt64? { if case .create(let client, _) = purpose { client } else { nil } }
}
