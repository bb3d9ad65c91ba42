/// The actor's process takes no more calls of the receiver: what it has not answered it never will. Sent after its last answer.
public struct ActorExiting: WireMessage {
    public static let kind: UInt8 = 51
    /// As the receiver knows the actor.
    public var actor: ActorID
    public var error: ErrorRecord

    public init(actor: ActorID, error: ErrorRecord) {
        self.actor = actor
        self.error = error
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        actor = try r.actor()
        error = try r.errorRecord()
    }

    public func write(to w: inout ByteWriter) {
        w.actor(actor)
        w.errorRecord(error)
    }
}

/// The caller has all answers of an actor that leaves.
public struct ActorExitSeen: WireMessage {
    public static let kind: UInt8 = 52
    public var actor: ActorID

    public init(actor: ActorID) { self.actor = actor }

    public init(from r: inout ByteReader) throws(DecodingFault) { actor = try r.actor() }

    public func write(to w: inout ByteWriter) { w.actor(actor) }
}

/// The actor of the receiving process runs the calls that it has, then leaves.
public struct EndActor: WireMessage {
    public static let kind: UInt8 = 53
    public var actor: ActorID

    public init(actor: ActorID) { self.actor = actor }

    public init(from r: inout ByteReader) throws(DecodingFault) { actor = try r.actor() }

    public func write(to w: inout ByteWriter) { w.actor(actor) }
}
