/// One item of a stream, from the process that runs the task to the owner. Objects in `moved` change their owner before the item is visible.
public struct StreamItem: WireMessage {
    public static let kind: UInt8 = 7
    public var task: TaskID
    public var attempt: Attempt
    /// Counted from 0 in each attempt: the same number is the same item.
    public var number: UInt32
    public var state: ObjectState
    public var moved: [MovedObject]
    /// As in ``TaskReply``.
    public var delivery: UInt64

    public init(task: TaskID, attempt: Attempt, number: UInt32, state: ObjectState, moved: [MovedObject] = [], delivery: UInt64 = 0) {
        self.task = task
        self.attempt = attempt
        self.number = number
        self.state = state
        self.moved = moved
        self.delivery = delivery
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        task = try r.task()
        attempt = try r.attempt()
        number = try r.u32()
        state = try r.state()
        moved = try r.list(unit: 45) { (r) throws(DecodingFault) in try r.moved() }
        delivery = try r.u64()
    }

    public func write(to w: inout ByteWriter) {
        w.task(task)
        w.attempt(attempt)
        w.u32(number)
        w.state(state)
        w.list(moved) { $0.moved($1) }
        w.u64(delivery)
    }
}

/// How many items the consumer has taken; the producer may be a window ahead of that.
public struct StreamAck: WireMessage {
    public static let kind: UInt8 = 8
    public var task: TaskID
    public var attempt: Attempt
    public var taken: UInt32
    /// Nobody reads the stream any more.
    public var isClosed: Bool

    public init(task: TaskID, attempt: Attempt, taken: UInt32, isClosed: Bool) {
        self.task = task
        self.attempt = attempt
        self.taken = taken
        self.isClosed = isClosed
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        task = try r.task()
        attempt = try r.attempt()
        taken = try r.u32()
        isClosed = try r.bool()
    }

    public func write(to w: inout ByteWriter) {
        w.task(task)
        w.attempt(attempt)
        w.u32(taken)
        w.bool(isClosed)
    }
}
