/// A process keeps refs to objects of the receiver's: they must not be dropped until it releases them or is gone. Answered by
/// ``BorrowersAdded``.
public struct AddBorrower: WireMessage {
    public static let kind: UInt8 = 33
    /// Grows with each message of this borrower about what it keeps: what is older than the last one is void.
    public var stamp: UInt64
    public var objects: [ObjectID]

    public init(stamp: UInt64, objects: [ObjectID]) {
        self.stamp = stamp
        self.objects = objects
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        stamp = try r.u64()
        objects = try r.list(unit: 28) { (r) throws(DecodingFault) in try r.object() }
    }

    public func write(to w: inout ByteWriter) {
        w.u64(stamp)
        w.list(objects) { $0.object($1) }
    }
}

/// The objects are kept for the borrower, but for those that the receiver of the question does not know (any more).
public struct BorrowersAdded: WireMessage {
    public static let kind: UInt8 = 34
    public var stamp: UInt64
    public var unknown: [ObjectID]

    public init(stamp: UInt64, unknown: [ObjectID]) {
        self.stamp = stamp
        self.unknown = unknown
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        stamp = try r.u64()
        unknown = try r.list(unit: 28) { (r) throws(DecodingFault) in try r.object() }
    }

    public func write(to w: inout ByteWriter) {
        w.u64(stamp)
        w.list(unknown) { $0.object($1) }
    }
}

/// The sender keeps no ref to these objects any more.
public struct ReleaseBorrower: WireMessage {
    public static let kind: UInt8 = 35
    /// As in ``AddBorrower``.
    public var stamp: UInt64
    public var objects: [ObjectID]

    public init(stamp: UInt64, objects: [ObjectID]) {
        self.stamp = stamp
        self.objects = objects
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        stamp = try r.u64()
        objects = try r.list(unit: 28) { (r) throws(DecodingFault) in try r.object() }
    }

    public func write(to w: inout ByteWriter) {
        w.u64(stamp)
        w.list(objects) { $0.object($1) }
    }
}

/// The refs in a reply, an answer or an item are kept by its receiver on its own account: the sender need not hold them for it.
public struct RefsSecured: WireMessage {
    public static let kind: UInt8 = 38
    /// As the sender has numbered it.
    public var delivery: UInt64
    /// False: the message was of no use, and the objects that it was to hand over stay the sender's.
    public var isTaken: Bool

    public init(delivery: UInt64, isTaken: Bool) {
        self.delivery = delivery
        self.isTaken = isTaken
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        delivery = try r.u64()
        isTaken = try r.bool()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(delivery)
        w.bool(isTaken)
    }
}

/// The last handle of an actor is gone: it runs the calls that it has, and ends. The GCS answers with the same message.
public struct ActorOutOfScope: WireMessage {
    public static let kind: UInt8 = 39
    public var actor: ActorID
    /// Of the life that ends: see ``RestartActor``. 0 for the first.
    public var comeback: UInt32
    /// Results of it may have to be made again: it may come back.
    public var mayComeBack: Bool

    public init(actor: ActorID, comeback: UInt32 = 0, mayComeBack: Bool = false) {
        self.actor = actor
        self.comeback = comeback
        self.mayComeBack = mayComeBack
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        actor = try r.actor()
        comeback = try r.u32()
        mayComeBack = try r.bool()
    }

    public func write(to w: inout ByteWriter) {
        w.actor(actor)
        w.u32(comeback)
        w.bool(mayComeBack)
    }
}

/// A call of an actor that is out of scope has to run again: the actor is started once more, which counts as a restart. Answered by
/// ``ActorUpdate``.
public struct RestartActor: WireMessage {
    public static let kind: UInt8 = 54
    public var actor: ActorID
    /// Counts from 1. One that the GCS has seen starts nothing.
    public var comeback: UInt32
    /// Of its constructor: the GCS keeps those of living actors only.
    public var arguments: [TaskArgument]
    public var resolved: [ResolvedDependency]

    public init(actor: ActorID, comeback: UInt32, arguments: [TaskArgument], resolved: [ResolvedDependency]) {
        self.actor = actor
        self.comeback = comeback
        self.arguments = arguments
        self.resolved = resolved
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        actor = try r.actor()
        comeback = try r.u32()
        arguments = try r.list(unit: 1) { (r) throws(DecodingFault) in try r.argument() }
        resolved = try r.list(unit: 29) { (r) throws(DecodingFault) in try r.resolved() }
    }

    public func write(to w: inout ByteWriter) {
        w.actor(actor)
        w.u32(comeback)
        w.list(arguments) { $0.argument($1) }
        w.list(resolved) { $0.resolved($1) }
    }
}
