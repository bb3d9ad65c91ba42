package import RayflowCore

/// Reads one value: by hand in `RemoteValue.read(from:)`, or as the `Decoder` of a `Codable` type.
///
/// Every read is bounded by the frame in which it stands, a count is bounded by the bytes that are left, and bytes that no writer wrote throw.
/// A reader is of use only inside the call that it is handed to; later reads throw.
public final class ValueReader {
    private var base: UnsafeRawBufferPointer
    var offset = 0
    /// The part of the bytes that belongs to the value being read.
    private(set) var frame: Range<Int>
    private var level = 0
    private let refs: [ObjectID]
    /// Where parts joined by `gather` begin, and how many refs stand before each.
    private let parts: [GatheredPart]
    /// Keeps the bytes in place, if they are mapped.
    let owner: (any AnyObject & Sendable)?
    let cluster: Cluster?

    struct GatheredPart {
        var start: Int
        var firstRef: Int
    }

    init(
        _ bytes: UnsafeRawBufferPointer, refs: [ObjectID], parts: [GatheredPart] = [], owner: (any AnyObject & Sendable)? = nil,
        cluster: Cluster?
    ) {
        base = bytes
        frame = 0..<bytes.count
        self.refs = refs
        self.parts = parts
        self.owner = owner
        self.cluster = cluster
    }

    /// The bytes go out of scope: whoever kept the reader reads nothing.
    func close() {
        base = UnsafeRawBufferPointer(start: nil, count: 0)
        offset = 0
        frame = 0..<0
    }

    var remaining: Int { frame.upperBound - offset }

    // MARK: Primitives

    package func raw<T: BitwiseCopyable>(_: T.Type) throws -> T {
        let size = MemoryLayout<T>.size
        guard remaining >= size else { throw short(size) }
        defer { offset += size }
        return base.loadUnaligned(fromByteOffset: offset, as: T.self)
    }

    /// The next bytes, where they lie.
    package func block(_ count: Int) throws -> UnsafeRawBufferPointer {
        guard count >= 0, remaining >= count else { throw short(count) }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: base[offset..<offset + count])
    }

    package func array<T: BitwiseCopyable>(_ count: Int) throws -> [T] {
        let (size, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<T>.stride)
        guard !overflow else { throw corrupt("an array of \(count) elements") }
        let source = try block(size)
        return [T](unsafeUninitializedCapacity: count) { target, initialized in
            if let start = target.baseAddress, let from = source.baseAddress {
                UnsafeMutableRawPointer(start).copyMemory(from: from, byteCount: size)
            }
            initialized = count
        }
    }

    /// A number of elements or bytes to come, each of which takes a byte at least.
    package func count() throws -> Int {
        let count = try raw(UInt64.self)
        guard count <= UInt64(remaining) else { throw corrupt("\(count) elements in \(remaining) bytes") }
        return Int(count)
    }

    func ref() throws -> ObjectID {
        let at = offset
        var index = Int(try raw(UInt32.self))
        if let part = parts.last(where: { $0.start <= at }) { index += part.firstRef }
        guard refs.indices.contains(index) else { throw corrupt("ref \(index) of \(refs.count)") }
        return refs[index]
    }

    func byte(at position: Int) -> UInt8? { frame.contains(position) ? base[position] : nil }

    // MARK: Frames

    package func descend() throws {
        guard level < ValueLimits.depth else { throw corrupt("values nested deeper than \(ValueLimits.depth)") }
        level += 1
    }
    package func ascend() { level -= 1 }

    /// Reads within `range`, then goes on behind it.
    func within<T>(_ range: Range<Int>, _ body: () throws -> T) throws -> T {
        let outer = frame
        frame = range
        offset = range.lowerBound
        defer {
            frame = outer
            offset = range.upperBound
        }
        return try body()
    }

    /// Moves into `range` for a nested container, which keeps its own position.
    func enter(_ range: Range<Int>) {
        frame = range
        offset = range.lowerBound
    }

    func framed<T: Decodable>(_: T.Type) throws -> T {
        let length = Int(try raw(UInt32.self))
        guard length <= remaining else { throw short(length) }
        try descend()
        defer { ascend() }
        return try within(offset..<offset + length) { try T(from: self) }
    }

    /// A value that fills `range`.
    func value<T: Decodable>(_: T.Type, in range: Range<Int>) throws -> T {
        try within(range) {
            if let type = T.self as? any RemoteValue.Type { return try read(type, as: T.self, end: range.upperBound) }
            try descend()
            defer { ascend() }
            return try T(from: self)
        }
    }

    private func read<R: RemoteValue, T>(_: R.Type, as _: T.Type, end: Int) throws -> T {
        let value = try R.read(from: self)
        guard offset == end else {
            throw RayflowError(.typeMismatch, "\(R.self): \(end - offset) bytes are left over; its fields have changed")
        }
        return withUnsafePointer(to: value) { UnsafeRawPointer($0).assumingMemoryBound(to: T.self).pointee }
    }

    // MARK: Faults

    package func corrupt(_ what: String) -> RayflowError { RayflowError(.corrupt, "\(what), at byte \(offset)") }
    private func short(_ wanted: Int) -> RayflowError { corrupt("\(wanted) bytes wanted, \(remaining) left") }
}

extension ValueReader: Decoder {
    public var codingPath: [any CodingKey] { [] }
    public var userInfo: [CodingUserInfoKey: Any] { [:] }
    public func container<Key: CodingKey>(keyedBy: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(KeyedValueReader<Key>(reader: self))
    }
    public func unkeyedContainer() throws -> any UnkeyedDecodingContainer { try UnkeyedValueReader(reader: self) }
    public func singleValueContainer() throws -> any SingleValueDecodingContainer { try SingleValueReader(reader: self) }
}

// MARK: Looking without moving

extension ValueReader {
    func peek<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type, at position: Int, before end: Int) -> T? {
        guard position >= 0, position <= end - MemoryLayout<T>.size else { return nil }
        return base.loadUnaligned(fromByteOffset: position, as: T.self)
    }

    func matches(_ range: Range<Int>, _ name: UnsafeBufferPointer<UInt8>) -> Bool {
        guard range.count == name.count else { return false }
        for index in 0..<name.count where base[range.lowerBound + index] != name[index] { return false }
        return true
    }

    func text(_ range: Range<Int>) -> String { String(decoding: base[range], as: UTF8.self) }
}
