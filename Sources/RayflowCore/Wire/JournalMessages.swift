/// Records for the run's journal, in order. A ticket other than 0 asks for an answer when they are committed.
public struct JournalRecords: WireMessage {
    public static let kind: UInt8 = 60
    public var ticket: UInt64
    public var records: [[UInt8]]

    public init(ticket: UInt64, records: [[UInt8]]) {
        self.ticket = ticket
        self.records = records
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        ticket = try r.u64()
        records = try r.list(unit: 4) { (r) throws(DecodingFault) in try r.blob() }
    }

    public func write(to w: inout ByteWriter) {
        w.u64(ticket)
        w.list(records) { $0.blob($1) }
    }
}

/// The records of that ticket are committed under the run's policy, or the journal failed.
public struct JournalAck: WireMessage {
    public static let kind: UInt8 = 61
    public var ticket: UInt64
    public var error: ErrorRecord?

    public init(ticket: UInt64, error: ErrorRecord?) {
        self.ticket = ticket
        self.error = error
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        ticket = try r.u64()
        error = try r.optional { (r) throws(DecodingFault) in try r.errorRecord() }
    }

    public func write(to w: inout ByteWriter) {
        w.u64(ticket)
        w.optional(error) { $0.errorRecord($1) }
    }
}
