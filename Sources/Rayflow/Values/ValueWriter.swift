import RayflowCore

/// Writes one value: by hand in `RemoteValue.write(to:)`, or as the `Encoder` of a `Codable` type.
///
/// The library's own types are positional. A `Codable` value is a frame: its length, then what its `encode(to:)` writes: fields (key, length,
/// bytes), elements (kind, length, bytes), or one value (kind, bytes). The kinds and names make it self-describing where types probe.
public final class ValueWriter {
    private(set) var bytes: [UInt8] = []
    private(set) var refs: [ObjectID] = []
    /// Where the lengths stand that are not known yet, innermost last.
    private var open: [Int] = []
    private var level = 0
    /// What could not be thrown where it happened, because `Encoder` does not throw there.
    private var fault: RayflowError?

    package init(reserving capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    var count: Int { bytes.count }

    /// The value's encoding; the writer is done.
    func finish() throws -> (bytes: [UInt8], refs: [ObjectID]) {
        if let fault { throw fault }
        return (bytes, refs)
    }

    // MARK: Primitives

    package func raw<T: BitwiseCopyable>(_ value: T) { withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) } }
    package func block(_ block: UnsafeRawBufferPointer) { bytes.append(contentsOf: block) }
    package func block(_ block: some Collection<UInt8>) { bytes.append(contentsOf: block) }
    /// Of elements or bytes to come: eight bytes, so that they stay aligned in the object store.
    package func count(_ count: Int) { raw(UInt64(count)) }

    /// A ref stands in the bytes as its place in `refs`, so that they are the same in every execution.
    func ref(_ id: ObjectID) {
        raw(UInt32(truncatingIfNeeded: refs.count))
        refs.append(id)
    }

    // MARK: Nesting

    package func descend() throws {
        guard level < ValueLimits.depth else { throw RayflowError(.invalidArgument, "values nested deeper than \(ValueLimits.depth)") }
        level += 1
    }
    package func ascend() { level -= 1 }

    /// The number of lengths that are open: what ``close(to:)`` goes back to.
    var depth: Int { open.count }

    func openLength() {
        open.append(bytes.count)
        raw(UInt32(0))
    }

    /// Fills in the lengths that were opened since.
    func close(to depth: Int) {
        while open.count > depth {
            let at = open.removeLast()
            let length = bytes.count - at - 4
            if length > ValueLimits.fieldBytes { fail("a field of \(length) bytes; the largest has \(ValueLimits.fieldBytes)") }
            let stored = UInt32(truncatingIfNeeded: length).littleEndian
            bytes.withUnsafeMutableBytes { $0.storeBytes(of: stored, toByteOffset: at, as: UInt32.self) }
        }
    }

    func fail(_ message: String) { fault = fault ?? RayflowError(.invalidArgument, message) }

    // MARK: Codable

    /// A `Codable` value behind its length, so that what follows it is found whatever it wrote.
    func framed<T: Encodable>(_ value: T) throws {
        try descend()
        defer { ascend() }
        let depth = depth
        openLength()
        try value.encode(to: self)
        close(to: depth)
    }

    /// A value in a place that bounds it: by its own coder if it has one.
    ///
    /// The static type decides, as it does in the reader: an Optional must not be unwrapped by a cast on the way.
    func value<T: Encodable>(_ value: T) throws {
        let depth = depth
        if let type = T.self as? any RemoteValue.Type {
            try write(value, as: type)
        } else {
            try descend()
            defer { ascend() }
            try value.encode(to: self)
        }
        close(to: depth)
    }

    private func write<T, R: RemoteValue>(_ value: T, as _: R.Type) throws {
        try withUnsafePointer(to: value) { try UnsafeRawPointer($0).assumingMemoryBound(to: R.self).pointee.write(to: self) }
    }
}

extension ValueWriter: Encoder {
    public var codingPath: [any CodingKey] { [] }
    public var userInfo: [CodingUserInfoKey: Any] { [:] }
    public func container<Key: CodingKey>(keyedBy: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(KeyedValueWriter<Key>(writer: self))
    }
    public func unkeyedContainer() -> any UnkeyedEncodingContainer { UnkeyedValueWriter(writer: self) }
    public func singleValueContainer() -> any SingleValueEncodingContainer { SingleValueWriter(writer: self) }
}
