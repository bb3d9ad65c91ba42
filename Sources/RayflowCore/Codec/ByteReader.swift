/// What a decoder throws on bytes that no encoder of this version wrote. Never a trap: the bytes come from outside.
public struct DecodingFault: Error, Sendable, Hashable, CustomStringConvertible {
    public var what: String
    public var offset: Int
    public init(_ what: String, at offset: Int) {
        self.what = what
        self.offset = offset
    }
    public var description: String { "\(what) at byte \(offset)" }
}

/// Reads what ``ByteWriter`` wrote. Each read is bounded by the bytes that are there, and a count is never trusted for an allocation.
public struct ByteReader: Sendable {
    private let bytes: ArraySlice<UInt8>
    public private(set) var offset: Int

    public init(_ bytes: [UInt8]) { self.init(bytes[...]) }
    public init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        offset = bytes.startIndex
    }

    public var remaining: Int { bytes.endIndex - offset }
    public var isAtEnd: Bool { remaining == 0 }

    public mutating func u8() throws(DecodingFault) -> UInt8 { try raw(UInt8.self) }
    public mutating func u16() throws(DecodingFault) -> UInt16 { UInt16(littleEndian: try raw(UInt16.self)) }
    public mutating func u32() throws(DecodingFault) -> UInt32 { UInt32(littleEndian: try raw(UInt32.self)) }
    public mutating func u64() throws(DecodingFault) -> UInt64 { UInt64(littleEndian: try raw(UInt64.self)) }
    public mutating func i64() throws(DecodingFault) -> Int64 { Int64(bitPattern: try u64()) }

    public mutating func bool() throws(DecodingFault) -> Bool {
        switch try u8() {
        case 0: return false
        case 1: return true
        default: throw DecodingFault("a Bool that is neither 0 nor 1", at: offset - 1)
        }
    }

    /// A length, checked against what is left: each element takes `unit` bytes at least.
    public mutating func length(unit: Int = 1) throws(DecodingFault) -> Int {
        let value = Int(try u32())
        guard value <= remaining / max(unit, 1) else { throw DecodingFault("a length of \(value) beyond the end", at: offset - 4) }
        return value
    }

    public mutating func blob() throws(DecodingFault) -> [UInt8] { Array(try slice(try length())) }

    public mutating func string() throws(DecodingFault) -> String {
        let at = offset
        let utf8 = try slice(try length())
        let span = utf8.span
        do { return String(copying: try UTF8Span(validating: span)) } catch { throw DecodingFault("text that is not UTF-8", at: at) }
    }

    public mutating func slice(_ count: Int) throws(DecodingFault) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else { throw DecodingFault("\(count) bytes wanted, \(remaining) left", at: offset) }
        defer { offset += count }
        return bytes[offset..<offset + count]
    }

    public mutating func tail() -> ArraySlice<UInt8> {
        defer { offset = bytes.endIndex }
        return bytes[offset...]
    }

    public mutating func optional<T>(_ body: (inout ByteReader) throws(DecodingFault) -> T) throws(DecodingFault) -> T? {
        try bool() ? try body(&self) : nil
    }

    public mutating func list<T>(unit: Int = 1, _ body: (inout ByteReader) throws(DecodingFault) -> T) throws(DecodingFault) -> [T] {
        let count = try length(unit: unit)
        var values: [T] = []
        values.reserveCapacity(min(count, 4096))
        for _ in 0..<count { values.append(try body(&self)) }
        return values
    }

    /// Every message and record is read to its last byte; more is a fault, so that versions cannot drift apart silently.
    public func finish() throws(DecodingFault) {
        guard isAtEnd else { throw DecodingFault("\(remaining) bytes too many", at: offset) }
    }

    private mutating func raw<T: BitwiseCopyable>(_: T.Type) throws(DecodingFault) -> T {
        let size = MemoryLayout<T>.size
        guard size <= remaining else { throw DecodingFault("\(size) bytes wanted, \(remaining) left", at: offset) }
        let start = offset - bytes.startIndex
        let value = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: start, as: T.self) }
        offset += size
        return value
    }
}
