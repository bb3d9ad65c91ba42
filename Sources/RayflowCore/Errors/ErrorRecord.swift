/// A failure as it travels and as it is kept: all of ``RayflowError`` but the live `cause`, which becomes text and, if the user's type is
/// registered, its encoded value.
public struct ErrorRecord: Error, Sendable, Hashable {
    public var code: RayflowError.Code
    public var message: String
    public var task: String?
    public var attempt: Int
    public var node: String?
    public var remoteType: String?
    public var log: String?
    /// The user's error in its own type, so that `get` throws it as itself.
    public var typed: Payload?
    /// The descriptions of the causes, outermost first, one to a line; empty if there are none.
    public var chain: String
    public var reason: LossReason?

    public init(
        _ code: RayflowError.Code, _ message: String, task: String? = nil, attempt: Int = 0, node: String? = nil, remoteType: String? = nil,
        log: String? = nil, typed: Payload? = nil, chain: String = "",
        reason: LossReason? = nil
    ) {
        self.code = code
        self.message = message
        self.task = task
        self.attempt = attempt
        self.node = node
        self.remoteType = remoteType
        self.log = log
        self.typed = typed
        self.chain = chain
        self.reason = reason
    }

    /// The record of an error of the engine's own; a cause is kept as text.
    public init(_ error: RayflowError, typed: Payload? = nil) {
        self.init(
            error.code, error.message, task: error.task, attempt: error.attempt, node: error.node, remoteType: error.remoteType,
            log: error.log, typed: typed, chain: error.cause.map { "\($0)" } ?? "", reason: error.reason)
    }
}

extension RayflowError {
    /// - Parameter cause: the typed error, decoded by whoever knows the type.
    public init(_ record: ErrorRecord, cause: (any Error)? = nil) {
        self.init(
            record.code, record.message, cause: cause, task: record.task, attempt: record.attempt, node: record.node,
            remoteType: record.remoteType, log: record.log, reason: record.reason)
    }
}

extension ErrorRecord: CustomStringConvertible {
    public var description: String { RayflowError(self).description }
}

extension ByteWriter {
    public mutating func errorRecord(_ value: ErrorRecord) {
        string(value.code.rawValue)
        string(value.message)
        optional(value.task) { $0.string($1) }
        i64(Int64(value.attempt))
        optional(value.node) { $0.string($1) }
        optional(value.remoteType) { $0.string($1) }
        optional(value.log) { $0.string($1) }
        optional(value.typed) { $0.payload($1) }
        string(value.chain)
        optional(value.reason?.rawValue) { $0.string($1) }
    }
}

extension ByteReader {
    public mutating func errorRecord() throws(DecodingFault) -> ErrorRecord {
        ErrorRecord(
            RayflowError.Code(rawValue: try string()), try string(),
            task: try optionalString(), attempt: Int(try i64()), node: try optionalString(), remoteType: try optionalString(),
            log: try optionalString(), typed: try optional { (reader) throws(DecodingFault) in try reader.payload() }, chain: try string(),
            reason: try optionalString().map(LossReason.init(rawValue:)))
    }

    private mutating func optionalString() throws(DecodingFault) -> String? {
        try optional { (reader) throws(DecodingFault) in try reader.string() }
    }
}
