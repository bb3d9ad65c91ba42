public import RayflowCore

// An array is its count and its elements' bytes, so gathering refs and values into one is concatenation.
extension Array: RemoteArgument where Element: RemoteValue { public typealias Resolved = Self }
extension Array: RemoteValue where Element: RemoteValue {
    public static var _elementTag: String? { Element._typeTag }
    public func write(to writer: ValueWriter) throws {
        try writer.descend()
        defer { writer.ascend() }
        writer.count(count)
        try Element._writeAll(self, to: writer)
    }
    public static func read(from reader: ValueReader) throws -> Self {
        try reader.descend()
        defer { reader.ascend() }
        return try Element._readAll(try reader.count(), from: reader)
    }
    public static func _writeElement(_ json: JSON, to writer: ValueWriter) throws {
        try Element(from: JSONValueDecoder(json)).write(to: writer)
    }
}

// Entries stand in the order of their encoded keys: equal dictionaries and sets have equal bytes, whatever the order of hashing.
extension Dictionary: RemoteArgument where Key: RemoteValue, Value: RemoteValue { public typealias Resolved = Self }
extension Dictionary: RemoteValue where Key: RemoteValue, Value: RemoteValue {
    public func write(to writer: ValueWriter) throws {
        try writer.descend()
        defer { writer.ascend() }
        let entries = Array(self)
        let order = try CanonicalOrder(entries.lazy.map(\.key))
        writer.count(entries.count)
        for index in order.indices {
            try order.write(index, entries[index].key, to: writer)
            try entries[index].value.write(to: writer)
        }
    }
    public static func read(from reader: ValueReader) throws -> Self {
        try reader.descend()
        defer { reader.ascend() }
        let count = try reader.count()
        var values = Self(minimumCapacity: Swift.min(count, ValueLimits.reservedElements))
        for _ in 0..<count {
            let key = try Key.read(from: reader)
            guard values.updateValue(try Value.read(from: reader), forKey: key) == nil else {
                throw reader.corrupt("a key that stands twice")
            }
        }
        return values
    }
}

extension Set: RemoteArgument where Element: RemoteValue { public typealias Resolved = Self }
extension Set: RemoteValue where Element: RemoteValue {
    public func write(to writer: ValueWriter) throws {
        try writer.descend()
        defer { writer.ascend() }
        let elements = Array(self)
        let order = try CanonicalOrder(elements)
        writer.count(elements.count)
        for index in order.indices { try order.write(index, elements[index], to: writer) }
    }
    public static func read(from reader: ValueReader) throws -> Self {
        try reader.descend()
        defer { reader.ascend() }
        let count = try reader.count()
        var values = Self(minimumCapacity: Swift.min(count, ValueLimits.reservedElements))
        for _ in 0..<count where !values.insert(try Element.read(from: reader)).inserted {
            throw reader.corrupt("an element that stands twice")
        }
        return values
    }
}

/// Keys in the order of their encoded bytes. Each is encoded once, unless keys hold refs, whose places depend on what is written before them.
private struct CanonicalOrder {
    private let bytes: [UInt8]
    private let ranges: [Range<Int>]
    private let isPlain: Bool
    let indices: [Int]

    init<Keys: Collection>(_ keys: Keys) throws where Keys.Element: RemoteValue {
        let writer = ValueWriter()
        var ranges: [Range<Int>] = []
        ranges.reserveCapacity(keys.count)
        for key in keys {
            let start = writer.count
            try key.write(to: writer)
            ranges.append(start..<writer.count)
        }
        let (bytes, refs) = try writer.finish()
        indices = ranges.indices.sorted { bytes[ranges[$0]].lexicographicallyPrecedes(bytes[ranges[$1]]) }
        isPlain = refs.isEmpty
        self.bytes = bytes
        self.ranges = ranges
    }

    func write<Key: RemoteValue>(_ index: Int, _ key: Key, to writer: ValueWriter) throws {
        if isPlain { writer.block(bytes[ranges[index]]) } else { try key.write(to: writer) }
    }
}
