/// Asks for what has happened in a channel since `position`. Answered when there is something: this is the only way by which a channel's
/// messages go out, so a subscriber that falls behind holds up nobody.
public struct PollChannel: WireMessage {
    public static let kind: UInt8 = 90
    public var channel: GCSChannel
    public var position: ChannelPosition

    public init(channel: GCSChannel, position: ChannelPosition) {
        self.channel = channel
        self.position = position
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        channel = try r.channel()
        position = try r.position()
    }

    public func write(to w: inout ByteWriter) {
        w.u8(channel.rawValue)
        w.position(position)
    }
}

/// The messages of a channel after the position asked for, or all that there is.
public struct ChannelMessages: WireMessage {
    public static let kind: UInt8 = 91
    public var channel: GCSChannel
    /// What was known before is void: the epoch is new, or the subscriber was too far behind.
    public var isSnapshot: Bool
    /// Of the last message.
    public var position: ChannelPosition
    public var rows: [KeyedRow]
    /// Rows that the snapshot leaves out.
    public var missing: UInt64

    public init(channel: GCSChannel, isSnapshot: Bool, position: ChannelPosition, rows: [KeyedRow], missing: UInt64) {
        self.channel = channel
        self.isSnapshot = isSnapshot
        self.position = position
        self.rows = rows
        self.missing = missing
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        channel = try r.channel()
        isSnapshot = try r.bool()
        position = try r.position()
        rows = try r.list(unit: 5) { (r) throws(DecodingFault) in try r.keyedRow() }
        missing = try r.u64()
    }

    public func write(to w: inout ByteWriter) {
        w.u8(channel.rawValue)
        w.bool(isSnapshot)
        w.position(position)
        w.list(rows) { $0.keyedRow($1) }
        w.u64(missing)
    }
}

/// A question about the tables of the GCS, or a change of its key-value store.
public struct GCSRequest: WireMessage {
    public static let kind: UInt8 = 92
    public var request: UInt64
    public var operation: GCSOperation

    public init(request: UInt64, operation: GCSOperation) {
        self.request = request
        self.operation = operation
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        operation = try r.operation()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.operation(operation)
    }
}

/// The answer.
public struct GCSReply: WireMessage {
    public static let kind: UInt8 = 93
    public var request: UInt64
    public var result: GCSResult

    public init(request: UInt64, result: GCSResult) {
        self.request = request
        self.result = result
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        result = try r.result()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.result(result)
    }
}

/// What has become of tasks. Lossy: `dropped` counts the events that were left out since the last report.
public struct TaskEvents: WireMessage {
    public static let kind: UInt8 = 94
    public var events: [TaskEvent]
    public var dropped: UInt64

    public init(events: [TaskEvent], dropped: UInt64) {
        self.events = events
        self.dropped = dropped
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        events = try r.list(unit: 49) { (r) throws(DecodingFault) in try r.taskEvent() }
        dropped = try r.u64()
    }

    public func write(to w: inout ByteWriter) {
        w.list(events) { $0.taskEvent($1) }
        w.u64(dropped)
    }
}

/// Are you there?
public struct HealthCheck: WireMessage {
    public static let kind: UInt8 = 95
    public var number: UInt64

    public init(number: UInt64) {
        self.number = number
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        number = try r.u64()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(number)
    }
}

/// The raylet is.
public struct HealthReply: WireMessage {
    public static let kind: UInt8 = 96
    public var node: NodeID
    public var number: UInt64

    public init(node: NodeID, number: UInt64) {
        self.node = node
        self.number = number
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        node = try r.node()
        number = try r.u64()
    }

    public func write(to w: inout ByteWriter) {
        w.node(node)
        w.u64(number)
    }
}
