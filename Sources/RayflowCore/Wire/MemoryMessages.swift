/// What the objects of a report on memory are sorted by, the largest first.
public enum MemoryOrder: UInt8, CaseIterable, Sendable {
    /// Bytes of the value.
    case raw = 0
    /// Bytes that it takes up, in memory and on disk.
    case stored = 1
    case age = 2
    /// Time since it was last read.
    case idle = 3

    public var name: String { "\(self)" }
    public init?(name: String) {
        guard let order = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = order
    }
}

/// Asks a raylet what its object store holds, or a driver or worker what it knows of some objects.
public struct InspectMemory: WireMessage {
    public static let kind: UInt8 = 97
    public var request: UInt64
    /// Of a driver or worker: what it is asked about.
    public var objects: [ObjectID]
    /// Of a raylet: rows at most, and which come first.
    public var limit: UInt32
    public var order: MemoryOrder

    public init(request: UInt64, objects: [ObjectID] = [], limit: UInt32 = 0, order: MemoryOrder = .raw) {
        self.request = request
        self.objects = objects
        self.limit = limit
        self.order = order
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        objects = try r.list(unit: 28) { (r) throws(DecodingFault) in try r.object() }
        limit = try r.u32()
        guard let order = MemoryOrder(rawValue: try r.u8()) else { throw DecodingFault("an unknown order", at: r.offset - 1) }
        self.order = order
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.list(objects) { $0.object($1) }
        w.u32(limit)
        w.u8(order.rawValue)
    }
}

/// The answer as JSON text.
public struct MemoryInspected: WireMessage {
    public static let kind: UInt8 = 98
    public var request: UInt64
    public var json: String

    public init(request: UInt64, json: String) {
        self.request = request
        self.json = json
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        json = try r.string()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.string(json)
    }
}
