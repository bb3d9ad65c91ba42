import CLZ4
import CLinux

/// A part of an object on its way between nodes, or on its way to disk: LZ4 when that pays, raw when not, always with a checksum.
///
/// Encoded: form (u8), raw size (u32), CRC32C of these two and of the content (u32), content; little-endian.
package struct Chunk: Sendable, Hashable {
    package enum Form: UInt8, Sendable {
        case raw = 0
        case lz4 = 1
    }

    static let headerSize = 9

    package let form: Form
    /// Bytes before compression: 0 to ``StoreLimits/chunkSize``.
    package let rawSize: Int
    package let checksum: UInt32
    /// The whole chunk as it is sent, header included.
    package let encoded: [UInt8]

    package var content: ArraySlice<UInt8> { encoded[Self.headerSize...] }

    /// Compresses what a look at three samples says is worth it, and keeps the result only if it is.
    /// - Precondition: `raw` is at most ``StoreLimits/chunkSize`` bytes.
    package init(compressing raw: UnsafeRawBufferPointer) {
        precondition(raw.count <= StoreLimits.chunkSize, "\(raw.count) bytes in one chunk")
        let limit = raw.count - raw.count * StoreLimits.worthwhileSavingPercent / 100
        if Self.looksCompressible(raw), let packed = Self.pack(raw, limit: limit) {
            self.init(form: .lz4, rawSize: raw.count, encoded: packed)
        } else {
            let encoded = [UInt8](unsafeUninitializedCapacity: Self.headerSize + raw.count) { buffer, count in
                let body = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[Self.headerSize...])
                buffer[..<Self.headerSize].initialize(repeating: 0)
                body.copyMemory(from: raw)
                count = Self.headerSize + raw.count
            }
            self.init(form: .raw, rawSize: raw.count, encoded: encoded)
        }
    }

    package init(compressing raw: [UInt8]) { self = raw.withUnsafeBytes { Chunk(compressing: $0) } }

    /// Reads a chunk from outside: bounds and checksum are checked, nothing is unpacked yet.
    package init(parsing encoded: [UInt8]) throws(ChunkFault) {
        guard encoded.count >= Self.headerSize else { throw .tooShort(encoded.count) }
        guard let form = Form(rawValue: encoded[0]) else { throw .unknownForm(encoded[0]) }
        let (size, expected) = encoded.withUnsafeBytes {
            (
                UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: 1, as: UInt32.self)),
                UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: 5, as: UInt32.self))
            )
        }
        guard size <= UInt32(StoreLimits.chunkSize) else { throw .tooLarge(Int(size)) }
        let found = Self.checksum(of: encoded)
        guard found == expected else { throw .wrongChecksum(expected: expected, found: found) }
        self.form = form
        rawSize = Int(size)
        checksum = expected
        self.encoded = encoded
    }

    /// Unpacks into memory of exactly ``rawSize`` bytes.
    package func decompress(into raw: UnsafeMutableRawBufferPointer) throws(ChunkFault) {
        guard raw.count == rawSize else { throw .wrongSize(expected: raw.count, found: rawSize) }
        let written = encoded.withUnsafeBytes { encoded -> Int in
            let content = UnsafeRawBufferPointer(rebasing: encoded[Self.headerSize...])
            switch form {
            case .raw:
                if content.count == raw.count { raw.copyMemory(from: content) }
                return content.count
            case .lz4:
                return Int(LZ4_decompress_safe(content.baseAddress, raw.baseAddress, Int32(content.count), Int32(raw.count)))
            }
        }
        guard written == rawSize else { throw .wrongSize(expected: rawSize, found: max(written, 0)) }
    }

    /// Unpacks into memory of its own, at most ``StoreLimits/chunkSize`` bytes.
    package func decompressed() throws(ChunkFault) -> [UInt8] {
        var raw = [UInt8](repeating: 0, count: rawSize)
        var fault: ChunkFault?
        raw.withUnsafeMutableBytes { buffer in
            do throws(ChunkFault) { try decompress(into: buffer) } catch { fault = error }
        }
        if let fault { throw fault }
        return raw
    }

    /// Completes an encoded chunk whose header is still empty.
    private init(form: Form, rawSize: Int, encoded: [UInt8]) {
        var encoded = encoded
        encoded.withUnsafeMutableBytes {
            $0[0] = form.rawValue
            $0.storeBytes(of: UInt32(rawSize).littleEndian, toByteOffset: 1, as: UInt32.self)
        }
        let checksum = Self.checksum(of: encoded)
        encoded.withUnsafeMutableBytes { $0.storeBytes(of: checksum.littleEndian, toByteOffset: 5, as: UInt32.self) }
        self.form = form
        self.rawSize = rawSize
        self.checksum = checksum
        self.encoded = encoded
    }

    /// Over everything but the checksum itself.
    private static func checksum(of encoded: [UInt8]) -> UInt32 {
        encoded.withUnsafeBytes { bytes in
            let header = rf_crc32c(0, bytes.baseAddress, 5)
            return rf_crc32c(header, bytes.baseAddress.map { $0 + headerSize }, bytes.count - headerSize)
        }
    }

    // MARK: - LZ4

    /// Compresses a little of the start, the middle and the end: incompressible data costs a hundredth of a full attempt.
    static func looksCompressible(_ raw: UnsafeRawBufferPointer) -> Bool {
        let sample = StoreLimits.chunkSampleSize
        guard raw.count > 4 * sample else { return raw.count > 64 }
        var taken = 0
        var packed = 0
        for start in [0, (raw.count - sample) / 2, raw.count - sample] {
            let part = UnsafeRawBufferPointer(rebasing: raw[start..<start + sample])
            let capacity = Int(LZ4_compressBound(Int32(sample)))
            packed += withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 16) { scratch in
                Int(LZ4_compress_default(part.baseAddress, scratch.baseAddress, Int32(sample), Int32(capacity)))
            }
            taken += sample
        }
        return packed * 100 <= taken * (100 - StoreLimits.worthwhileSavingPercent)
    }

    /// Nil when the result would be larger than `limit`.
    private static func pack(_ raw: UnsafeRawBufferPointer, limit: Int) -> [UInt8]? {
        let encoded = [UInt8](unsafeUninitializedCapacity: headerSize + limit) { buffer, count in
            buffer[..<headerSize].initialize(repeating: 0)
            let room = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[headerSize...])
            let packed = LZ4_compress_default(raw.baseAddress, room.baseAddress, Int32(raw.count), Int32(limit))
            count = packed > 0 ? headerSize + Int(packed) : headerSize
        }
        return encoded.count > headerSize ? encoded : nil
    }
}
