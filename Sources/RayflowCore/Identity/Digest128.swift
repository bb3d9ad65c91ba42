/// The hash behind lineage IDs, argument digests and table digests: MurmurHash3 x64 128, fed in pieces.
///
/// Deterministic on every machine, about memory speed, and the same however the bytes are cut into pieces. It is not cryptographic: content
/// that is shared between runs and users is keyed by SHA-256 instead.
public struct Digest128Hasher: Sendable {
    private var high: UInt64
    private var low: UInt64
    private var tail: (UInt64, UInt64) = (0, 0)
    private var tailCount = 0
    private var count: UInt64 = 0

    private static let c1: UInt64 = 0x87c3_7b91_1142_53d5
    private static let c2: UInt64 = 0x4cf5_ad43_2745_937f

    public init(seed: UInt32 = 0) {
        high = UInt64(seed)
        low = UInt64(seed)
    }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        count &+= UInt64(bytes.count)
        var at = 0
        if tailCount > 0 {
            while tailCount < 16, at < bytes.count {
                pushTail(bytes[at])
                at += 1
            }
            guard tailCount == 16 else { return }
            flushTail()
        }
        while at + 16 <= bytes.count {
            block(
                UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)),
                UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self)))
            at += 16
        }
        while at < bytes.count {
            pushTail(bytes[at])
            at += 1
        }
    }

    public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// A number, as eight little-endian bytes.
    public mutating func update(_ value: UInt64) { withUnsafeBytes(of: value.littleEndian) { update($0) } }

    /// A text with its length before it, so that neighbours cannot run into each other.
    public mutating func update(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            update(UInt64(utf8.count))
            update(UnsafeRawBufferPointer(utf8))
        }
    }

    public mutating func update(_ id: LineageID) {
        update(id.high)
        update(id.low)
    }

    /// The digest of what has been fed so far; more may follow.
    public var digest: Digest128 {
        var h1 = high, h2 = low
        if tailCount > 8 { h2 ^= rotate(tail.1 &* Self.c2, 33) &* Self.c1 }
        if tailCount > 0 { h1 ^= rotate(tail.0 &* Self.c1, 31) &* Self.c2 }
        h1 ^= count
        h2 ^= count
        h1 &+= h2
        h2 &+= h1
        h1 = finish(h1)
        h2 = finish(h2)
        h1 &+= h2
        h2 &+= h1
        return Digest128(high: h1, low: h2)
    }

    private mutating func pushTail(_ byte: UInt8) {
        let shifted = UInt64(byte) << UInt64(tailCount % 8 * 8)
        if tailCount < 8 { tail.0 |= shifted } else { tail.1 |= shifted }
        tailCount += 1
    }

    private mutating func flushTail() {
        block(tail.0, tail.1)
        tail = (0, 0)
        tailCount = 0
    }

    @inline(__always)
    private mutating func block(_ k1: UInt64, _ k2: UInt64) {
        high ^= rotate(k1 &* Self.c1, 31) &* Self.c2
        high = (rotate(high, 27) &+ low) &* 5 &+ 0x52dc_e729
        low ^= rotate(k2 &* Self.c2, 33) &* Self.c1
        low = (rotate(low, 31) &+ high) &* 5 &+ 0x3849_5ab5
    }

    @inline(__always)
    private func rotate(_ value: UInt64, _ by: UInt64) -> UInt64 { value << by | value >> (64 - by) }

    private func finish(_ value: UInt64) -> UInt64 {
        var k = value
        k ^= k >> 33
        k &*= 0xff51_afd7_ed55_8ccd
        k ^= k >> 33
        k &*= 0xc4ce_b9fe_1a85_ec53
        return k ^ k >> 33
    }
}

/// 128 bits that stand for some bytes.
public struct Digest128: Hashable, Sendable, BitwiseCopyable {
    public var high: UInt64
    public var low: UInt64
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    public init(of bytes: [UInt8]) {
        var hasher = Digest128Hasher()
        hasher.update(bytes)
        self = hasher.digest
    }

    /// As the identity of a submission.
    public var lineage: LineageID { LineageID(high: high, low: low) }
}

extension Digest128: CustomStringConvertible { public var description: String { hex(high) + hex(low) } }

extension ByteWriter {
    public mutating func digest(_ value: Digest128) {
        u64(value.high)
        u64(value.low)
    }
}

extension ByteReader {
    public mutating func digest() throws(DecodingFault) -> Digest128 { Digest128(high: try u64(), low: try u64()) }
}
