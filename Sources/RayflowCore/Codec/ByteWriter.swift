/// Appends little-endian, fixed-layout fields: the encoder of every frame and every journal record.
///
/// There is no reflection and no schema in the bytes; golden-byte tests hold the layouts.
public struct ByteWriter: Sendable {
    public private(set) var bytes: [UInt8]

    public init(reserving capacity: Int = 0) {
        bytes = []
        if capacity > 0 { bytes.reserveCapacity(capacity) }
    }

    public init(continuing bytes: consuming [UInt8]) { self.bytes = bytes }

    public var count: Int { bytes.count }

    public mutating func u8(_ value: UInt8) { bytes.append(value) }
    public mutating func bool(_ value: Bool) { bytes.append(value ? 1 : 0) }
    public mutating func u16(_ value: UInt16) { raw(value.littleEndian) }
    public mutating func u32(_ value: UInt32) { raw(value.littleEndian) }
    public mutating func u64(_ value: UInt64) { raw(value.littleEndian) }
    public mutating func i64(_ value: Int64) { u64(UInt64(bitPattern: value)) }

    /// A length as u32. Lengths above `UInt32.max` are a broken invariant: callers bound their sizes before.
    public mutating func length(_ value: Int) { u32(UInt32(value)) }

    public mutating func blob(_ value: [UInt8]) {
        length(value.count)
        bytes.append(contentsOf: value)
    }

    public mutating func string(_ value: String) {
        var value = value
        value.withUTF8 { utf8 in
            u32(UInt32(utf8.count))
            bytes.append(contentsOf: utf8)
        }
    }

    /// Bytes without a length.
    public mutating func tail(_ value: some Sequence<UInt8>) { bytes.append(contentsOf: value) }

    public mutating func optional<T>(_ value: T?, _ body: (inout ByteWriter, T) -> Void) {
        guard let value else { return u8(0) }
        u8(1)
        body(&self, value)
    }

    public mutating func list<C: Collection>(_ values: C, _ body: (inout ByteWriter, C.Element) -> Void) {
        length(values.count)
        for value in values { body(&self, value) }
    }

    /// Overwrites four bytes written before, for lengths known only afterwards.
    public mutating func patchU32(at offset: Int, _ value: UInt32) {
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt32.self) }
    }

    private mutating func raw<T: BitwiseCopyable>(_ value: T) {
        withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
    }
}
