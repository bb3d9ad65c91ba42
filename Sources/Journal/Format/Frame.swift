/// One record or mark in a segment: u32 length, u32 CRC-32C (over length, sequence and payload), u64 sequence, payload; little-endian.
///
/// A *mark* has the top bit of its length set, carries the offset up to which the segment was synced when it was written, and the sequence of
/// the next record. It tells a reader that damage before that offset is no torn tail.
enum Frame {
    static let headerBytes = 16
    static let markBytes = headerBytes + 8
    private static let markBit: UInt32 = 1 << 31

    /// The first 16 bytes of a frame.
    struct Header {
        var isMark: Bool
        var payloadBytes: Int
        var checksum: UInt32
        var sequence: UInt64

        var frameBytes: Int { headerBytes + payloadBytes }

        /// nil for a length that no writer makes.
        init?(_ bytes: UnsafeRawBufferPointer) {
            let length = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt32.self))
            isMark = length & markBit != 0
            payloadBytes = Int(length & ~markBit)
            checksum = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
            sequence = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            guard sequence > 0, isMark ? payloadBytes == 8 : payloadBytes <= JournalLimits.recordBytes else { return nil }
        }
    }

    static func appendRecord(_ payload: [UInt8], sequence: UInt64, to buffer: inout [UInt8]) {
        payload.withUnsafeBytes { append($0, length: UInt32($0.count), sequence: sequence, to: &buffer) }
    }

    static func appendMark(syncedTo offset: UInt64, sequence: UInt64, to buffer: inout [UInt8]) {
        withUnsafeBytes(of: offset.littleEndian) { append($0, length: markBit | 8, sequence: sequence, to: &buffer) }
    }

    /// `frame` is the whole frame that `header` was read from.
    static func isValid(_ header: Header, _ frame: UnsafeRawBufferPointer) -> Bool {
        checksum(frame) == header.checksum
    }

    /// The offset that a valid mark carries.
    static func markOffset(_ frame: UnsafeRawBufferPointer) -> UInt64 {
        UInt64(littleEndian: frame.loadUnaligned(fromByteOffset: headerBytes, as: UInt64.self))
    }

    private static func append(_ payload: UnsafeRawBufferPointer, length: UInt32, sequence: UInt64, to buffer: inout [UInt8]) {
        let start = buffer.count
        withUnsafeBytes(of: (length.littleEndian, UInt32(0), sequence.littleEndian)) { buffer.append(contentsOf: $0) }
        buffer.append(contentsOf: payload)
        buffer.withUnsafeMutableBytes { bytes in
            let sum = checksum(UnsafeRawBufferPointer(rebasing: bytes[start...]))
            bytes.storeBytes(of: sum.littleEndian, toByteOffset: start + 4, as: UInt32.self)
        }
    }

    private static func checksum(_ frame: UnsafeRawBufferPointer) -> UInt32 {
        let length = CRC32C.of(UnsafeRawBufferPointer(rebasing: frame[..<4]))
        return CRC32C.of(UnsafeRawBufferPointer(rebasing: frame[8...]), continuing: length)
    }
}
