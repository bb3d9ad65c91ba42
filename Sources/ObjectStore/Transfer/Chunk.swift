import CLZ4
import CLinux

/// A part of an object on its way between nodes, or on its way to disk: LZ4 when that pays, raw when not, always with a checksum.
///
/// Encoded: form (u8), raw size (u32), CRC32C of these two and of the content (u32), content; little-endian. The checksum of a chunk on the
/// wire goes on from one of its place, so that it is good for that place only: see ``ChunkPlace``.
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
    package init(compressing raw: UnsafeRawBufferPointer, place: UInt32 = 0) {
        let encoded = [UInt8](unsafeUninitializedCapacity: Self.room(for: raw.count)) { buffer, count in
            count = Self.write(raw, into: UnsafeMutableRawBufferPointer(buffer), isSampled: true, place: place)
        }
        form = encoded[0] == Form.lz4.rawValue ? .lz4 : .raw
        rawSize = raw.count
        checksum = encoded.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: 5, as: UInt32.self)) }
        self.encoded = encoded
    }

    package init(compressing raw: [UInt8]) { self = raw.withUnsafeBytes { Chunk(compressing: $0) } }

    /// Reads a chunk from outside: bounds and checksum are checked, nothing is unpacked yet.
    package init(parsing encoded: [UInt8], place: UInt32 = 0) throws(ChunkFault) {
        var header = Header(form: .raw, rawSize: 0, checksum: 0)
        var fault: ChunkFault?
        encoded.withUnsafeBytes { bytes in
            do throws(ChunkFault) { header = try Header(of: bytes, place: place) } catch { fault = error }
        }
        if let fault { throw fault }
        form = header.form
        rawSize = header.rawSize
        checksum = header.checksum
        self.encoded = encoded
    }

    /// Unpacks into memory of exactly ``rawSize`` bytes.
    package func decompress(into raw: UnsafeMutableRawBufferPointer) throws(ChunkFault) {
        var fault: ChunkFault?
        encoded.withUnsafeBytes { bytes in
            do throws(ChunkFault) { try Self.unpack(bytes, as: form, of: rawSize, into: raw) } catch { fault = error }
        }
        if let fault { throw fault }
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

    // MARK: - Without memory of its own

    /// What writing a chunk needs: LZ4 is faster when it can never run out of room.
    static func room(for rawSize: Int) -> Int { headerSize + Int(LZ4_compressBound(Int32(rawSize))) }

    /// Writes a chunk to a place of ``room(for:)`` bytes.
    /// - Parameter isSampled: look before compressing.
    /// - Returns: bytes of the chunk, header included.
    static func write(
        _ raw: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer, isSampled: Bool, place: UInt32 = 0
    ) -> Int {
        precondition(raw.count <= StoreLimits.chunkSize && room.count >= Self.room(for: raw.count), "\(raw.count) bytes in \(room.count)")
        let body = UnsafeMutableRawBufferPointer(rebasing: room[headerSize...])
        let limit = raw.count - raw.count * StoreLimits.worthwhileSavingPercent / 100
        var form = Form.raw
        var count = raw.count
        if !isSampled || looksCompressible(raw) {
            let packed = Int(LZ4_compress_default(raw.baseAddress, body.baseAddress, Int32(raw.count), Int32(body.count)))
            if packed > 0, packed <= limit, packed < raw.count { (form, count) = (.lz4, packed) }
        }
        if form == .raw { body.copyMemory(from: raw) }
        room[0] = form.rawValue
        room.storeBytes(of: UInt32(raw.count).littleEndian, toByteOffset: 1, as: UInt32.self)
        let chunk = UnsafeRawBufferPointer(rebasing: room[..<(headerSize + count)])
        room.storeBytes(of: checksum(of: chunk, place: place).littleEndian, toByteOffset: 5, as: UInt32.self)
        return chunk.count
    }

    /// Checks and unpacks an encoded chunk.
    static func read(_ encoded: UnsafeRawBufferPointer, into raw: UnsafeMutableRawBufferPointer) throws(ChunkFault) {
        let header = try Header(of: encoded, place: 0)
        try unpack(encoded, as: header.form, of: header.rawSize, into: raw)
    }

    private struct Header {
        var form: Form
        var rawSize: Int
        var checksum: UInt32

        init(form: Form, rawSize: Int, checksum: UInt32) {
            self.form = form
            self.rawSize = rawSize
            self.checksum = checksum
        }

        /// Of a chunk whose content is what the checksum says.
        init(of encoded: UnsafeRawBufferPointer, place: UInt32) throws(ChunkFault) {
            guard encoded.count >= Chunk.headerSize else { throw .tooShort(encoded.count) }
            guard let form = Form(rawValue: encoded[0]) else { throw .unknownForm(encoded[0]) }
            let size = UInt32(littleEndian: encoded.loadUnaligned(fromByteOffset: 1, as: UInt32.self))
            let expected = UInt32(littleEndian: encoded.loadUnaligned(fromByteOffset: 5, as: UInt32.self))
            guard size <= UInt32(StoreLimits.chunkSize) else { throw .tooLarge(Int(size)) }
            let found = Chunk.checksum(of: encoded, place: place)
            guard found == expected else { throw .wrongChecksum(expected: expected, found: found) }
            self.init(form: form, rawSize: Int(size), checksum: expected)
        }
    }

    private static func unpack(
        _ encoded: UnsafeRawBufferPointer, as form: Form, of rawSize: Int, into raw: UnsafeMutableRawBufferPointer
    ) throws(ChunkFault) {
        guard raw.count == rawSize else { throw .wrongSize(expected: raw.count, found: rawSize) }
        let content = UnsafeRawBufferPointer(rebasing: encoded[headerSize...])
        let written: Int
        switch form {
        case .raw:
            if content.count == raw.count { raw.copyMemory(from: content) }
            written = content.count
        case .lz4:
            written = Int(LZ4_decompress_safe(content.baseAddress, raw.baseAddress, Int32(content.count), Int32(raw.count)))
        }
        guard written == rawSize else { throw .wrongSize(expected: rawSize, found: max(written, 0)) }
    }

    /// Over everything but the checksum itself.
    private static func checksum(of encoded: UnsafeRawBufferPointer, place: UInt32) -> UInt32 {
        let header = rf_crc32c(place, encoded.baseAddress, 5)
        return rf_crc32c(header, encoded.baseAddress.map { $0 + headerSize }, encoded.count - headerSize)
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
}
