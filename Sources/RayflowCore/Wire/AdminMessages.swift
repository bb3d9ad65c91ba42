/// A question or an order from the command line to a live process.
public struct AdminRequest: WireMessage {
    public static let kind: UInt8 = 70
    public var request: UInt64
    public var verb: String
    public var argument: String

    public init(request: UInt64, verb: String, argument: String) {
        self.request = request
        self.verb = verb
        self.argument = argument
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        verb = try r.string()
        argument = try r.string()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.string(verb)
        w.string(argument)
    }
}

/// The answer as JSON text, or why there is none.
public struct AdminReply: WireMessage {
    public static let kind: UInt8 = 71
    public var request: UInt64
    public var json: String
    public var error: String

    public init(request: UInt64, json: String, error: String) {
        self.request = request
        self.json = json
        self.error = error
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        json = try r.string()
        error = try r.string()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.string(json)
        w.string(error)
    }
}
