/// Asks the raylet for room in the arena.
public struct CreateObject: WireMessage {
    public static let kind: UInt8 = 20
    public var request: UInt64
    public var object: ObjectID
    public var size: UInt64

    public init(request: UInt64, object: ObjectID, size: UInt64) {
        self.request = request
        self.object = object
        self.size = size
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        object = try r.object()
        size = try r.u64()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.object(object)
        w.u64(size)
    }
}

/// Where to write, or why there is no room; neither when the object is here already, complete.
public struct CreateReply: WireMessage {
    public static let kind: UInt8 = 21
    public var request: UInt64
    public var object: ObjectID
    public var place: ObjectPlace?
    public var error: ErrorRecord?

    public init(request: UInt64, object: ObjectID, place: ObjectPlace?, error: ErrorRecord?) {
        self.request = request
        self.object = object
        self.place = place
        self.error = error
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        object = try r.object()
        place = try r.optional { (r) throws(DecodingFault) in try r.place() }
        error = try r.optional { (r) throws(DecodingFault) in try r.errorRecord() }
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.object(object)
        w.optional(place) { $0.place($1) }
        w.optional(error) { $0.errorRecord($1) }
    }
}

/// The object is complete and immutable from now on. It has `size` bytes, which may be fewer than were granted.
public struct SealObject: WireMessage {
    public static let kind: UInt8 = 22
    public var object: ObjectID
    public var size: UInt64

    public init(object: ObjectID, size: UInt64) {
        self.object = object
        self.size = size
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        object = try r.object()
        size = try r.u64()
    }

    public func write(to w: inout ByteWriter) {
        w.object(object)
        w.u64(size)
    }
}

/// The writer gives up; the room is free again.
public struct AbortObject: WireMessage {
    public static let kind: UInt8 = 23
    public var object: ObjectID

    public init(object: ObjectID) {
        self.object = object
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        object = try r.object()
    }

    public func write(to w: inout ByteWriter) {
        w.object(object)
    }
}

/// Asks the local raylet for a pinned copy, pulled from another node when needed.
public struct OpenObject: WireMessage {
    public static let kind: UInt8 = 24
    public var request: UInt64
    public var object: ObjectID
    public var owner: Address
    public var nodes: [NodeID]
    public var size: UInt64
    public var kind: PullKind

    public init(request: UInt64, object: ObjectID, owner: Address, nodes: [NodeID], size: UInt64, kind: PullKind = .get) {
        self.request = request
        self.object = object
        self.owner = owner
        self.nodes = nodes
        self.size = size
        self.kind = kind
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        object = try r.object()
        owner = try r.address()
        nodes = try r.list(unit: 8) { (r) throws(DecodingFault) in try r.node() }
        size = try r.u64()
        kind = try r.pullKind()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.object(object)
        w.address(owner)
        w.list(nodes) { $0.node($1) }
        w.u64(size)
        w.u8(kind.rawValue)
    }
}

/// The pinned copy, or why there is none. `lost` names nodes that were thought to have one, and have none or are gone.
public struct OpenReply: WireMessage {
    public static let kind: UInt8 = 25
    public var request: UInt64
    public var object: ObjectID
    public var place: ObjectPlace?
    public var error: ErrorRecord?
    public var lost: [NodeID]

    public init(request: UInt64, object: ObjectID, place: ObjectPlace?, error: ErrorRecord?, lost: [NodeID] = []) {
        self.request = request
        self.object = object
        self.place = place
        self.error = error
        self.lost = lost
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        object = try r.object()
        place = try r.optional { (r) throws(DecodingFault) in try r.place() }
        error = try r.optional { (r) throws(DecodingFault) in try r.errorRecord() }
        lost = try r.list(unit: 8) { (r) throws(DecodingFault) in try r.node() }
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.object(object)
        w.optional(place) { $0.place($1) }
        w.optional(error) { $0.errorRecord($1) }
        w.list(lost) { $0.node($1) }
    }
}

/// Drops one pin of this process.
public struct CloseObject: WireMessage {
    public static let kind: UInt8 = 26
    public var object: ObjectID

    public init(object: ObjectID) {
        self.object = object
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        object = try r.object()
    }

    public func write(to w: inout ByteWriter) {
        w.object(object)
    }
}

/// A reader waits no more for an object that it has asked to open; it gets an ``OpenReply`` in any case.
public struct CancelOpen: WireMessage {
    public static let kind: UInt8 = 59
    public var request: UInt64
    public var object: ObjectID

    public init(request: UInt64, object: ObjectID) {
        self.request = request
        self.object = object
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        object = try r.object()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.object(object)
    }
}

/// The owner needs the copies of this node no more.
public struct DeleteObjects: WireMessage {
    public static let kind: UInt8 = 27
    public var objects: [ObjectID]

    public init(objects: [ObjectID]) {
        self.objects = objects
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        objects = try r.list(unit: 28) { (r) throws(DecodingFault) in try r.object() }
    }

    public func write(to w: inout ByteWriter) {
        w.list(objects) { $0.object($1) }
    }
}

/// A raylet asks another for an object, chunk by chunk. Of one that it has asked for before, it gets only what it asks for now.
public struct PullObject: WireMessage {
    public static let kind: UInt8 = 28
    public var request: UInt64
    public var object: ObjectID
    /// The chunks that it lacks, in order; none: all of them.
    public var missing: [Range<UInt32>]

    public init(request: UInt64, object: ObjectID, missing: [Range<UInt32>] = []) {
        self.request = request
        self.object = object
        self.missing = missing
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        object = try r.object()
        missing = try r.list(unit: 8) { (r) throws(DecodingFault) in try r.range() }
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.object(object)
        w.list(missing) { $0.range($1) }
    }
}

/// The asked raylet has the object, or it is coming to it: chunks will follow, or a ``PullFailed``.
public struct PullAccepted: WireMessage {
    public static let kind: UInt8 = 57
    public var request: UInt64
    public var object: ObjectID

    public init(request: UInt64, object: ObjectID) {
        self.request = request
        self.object = object
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        object = try r.object()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.object(object)
    }
}

/// The asked raylet sends nothing (more), and why.
public struct PullFailed: WireMessage {
    public static let kind: UInt8 = 29
    public var request: UInt64
    public var object: ObjectID
    public var refusal: PullRefusal
    /// Nodes to which the object is on its way: they pass on what they get.
    public var others: [NodeID]
    public var reason: String

    public init(request: UInt64, object: ObjectID, refusal: PullRefusal, others: [NodeID] = [], reason: String) {
        self.request = request
        self.object = object
        self.refusal = refusal
        self.others = others
        self.reason = reason
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        object = try r.object()
        refusal = try r.pullRefusal()
        others = try r.list(unit: 8) { (r) throws(DecodingFault) in try r.node() }
        reason = try r.string()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.object(object)
        w.u8(refusal.rawValue)
        w.list(others) { $0.node($1) }
        w.string(reason)
    }
}

/// The chunk is in its place: the sender may send another.
public struct ChunkTaken: WireMessage {
    public static let kind: UInt8 = 58
    public var request: UInt64
    public var object: ObjectID
    public var index: UInt32

    public init(request: UInt64, object: ObjectID, index: UInt32) {
        self.request = request
        self.object = object
        self.index = index
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        object = try r.object()
        index = try r.u32()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.object(object)
        w.u32(index)
    }
}

/// The raylet that asked wants nothing more of this request.
public struct CancelPull: WireMessage {
    public static let kind: UInt8 = 55
    public var request: UInt64
    public var object: ObjectID

    public init(request: UInt64, object: ObjectID) {
        self.request = request
        self.object = object
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        object = try r.object()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.object(object)
    }
}

/// Asks the owner for the state of an object; answered when it is finished.
public struct GetObject: WireMessage {
    public static let kind: UInt8 = 30
    public var request: UInt64
    public var object: ObjectID

    public init(request: UInt64, object: ObjectID) {
        self.request = request
        self.object = object
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        object = try r.object()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.object(object)
    }
}

/// The finished state, or nil when the receiver knows no such object (any more).
public struct ObjectReply: WireMessage {
    public static let kind: UInt8 = 31
    public var request: UInt64
    public var object: ObjectID
    public var state: ObjectState?
    /// Above 0: the sender holds the refs in the value until the receiver says ``RefsSecured`` with this number.
    public var delivery: UInt64

    public init(request: UInt64, object: ObjectID, state: ObjectState?, delivery: UInt64 = 0) {
        self.request = request
        self.object = object
        self.state = state
        self.delivery = delivery
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        object = try r.object()
        state = try r.optional { (r) throws(DecodingFault) in try r.state() }
        delivery = try r.u64()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.object(object)
        w.optional(state) { $0.state($1) }
        w.u64(delivery)
    }
}

/// Asks the owner to cancel the task that makes an object.
public struct CancelObject: WireMessage {
    public static let kind: UInt8 = 32
    public var object: ObjectID
    public var force: Bool
    public var recursive: Bool

    public init(object: ObjectID, force: Bool, recursive: Bool) {
        self.object = object
        self.force = force
        self.recursive = recursive
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        object = try r.object()
        force = try r.bool()
        recursive = try r.bool()
    }

    public func write(to w: inout ByteWriter) {
        w.object(object)
        w.bool(force)
        w.bool(recursive)
    }
}

/// Tells the owner that no copy was found on these nodes, and asks for the state again: answered like ``GetObject``, when the object has been
/// made again or cannot be.
public struct ObjectLost: WireMessage {
    public static let kind: UInt8 = 36
    public var request: UInt64
    public var object: ObjectID
    public var nodes: [NodeID]
    /// The sender has had an answer to an earlier report: what it tried is not older than that.
    public var isRepeated: Bool
    /// What the sender was told of the copies.
    public var why: String

    public init(request: UInt64, object: ObjectID, nodes: [NodeID], isRepeated: Bool, why: String) {
        self.request = request
        self.object = object
        self.nodes = nodes
        self.isRepeated = isRepeated
        self.why = why
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        object = try r.object()
        nodes = try r.list(unit: 8) { (r) throws(DecodingFault) in try r.node() }
        isRepeated = try r.bool()
        why = try r.string()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.object(object)
        w.list(nodes) { $0.node($1) }
        w.bool(isRepeated)
        w.string(why)
    }
}

/// A raylet tells the owner that it has a copy now.
public struct ObjectCopied: WireMessage {
    public static let kind: UInt8 = 37
    public var object: ObjectID
    public var node: NodeID

    public init(object: ObjectID, node: NodeID) {
        self.object = object
        self.node = node
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        object = try r.object()
        node = try r.node()
    }

    public func write(to w: inout ByteWriter) {
        w.object(object)
        w.node(node)
    }
}

/// A raylet tells the owner that it has dropped its copy, to make room.
public struct CopyDropped: WireMessage {
    public static let kind: UInt8 = 56
    public var object: ObjectID
    public var node: NodeID

    public init(object: ObjectID, node: NodeID) {
        self.object = object
        self.node = node
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        object = try r.object()
        node = try r.node()
    }

    public func write(to w: inout ByteWriter) {
        w.object(object)
        w.node(node)
    }
}

/// A part of an object on its way between nodes; LZ4 when that pays.
public struct ObjectChunk: WireMessage {
    public static let kind: UInt8 = 129
    public var request: UInt64
    public var object: ObjectID
    public var index: UInt32
    /// Bytes of the object.
    public var totalSize: UInt64
    public var chunk: [UInt8]

    public init(request: UInt64, object: ObjectID, index: UInt32, totalSize: UInt64, chunk: [UInt8]) {
        self.request = request
        self.object = object
        self.index = index
        self.totalSize = totalSize
        self.chunk = chunk
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        object = try r.object()
        index = try r.u32()
        totalSize = try r.u64()
        chunk = try r.blob()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.object(object)
        w.u32(index)
        w.u64(totalSize)
        w.blob(chunk)
    }
}
