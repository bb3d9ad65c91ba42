import CLinux

/// How an object looks in the warm and the cold tier: parts of 1 MiB, each its packed length (u32, little-endian) and a ``Chunk``.
/// Nothing else: how many parts there are follows from the size of the object.
enum PackedForm {
    static let lengthSize = 4

    /// Bytes that an object of this size has packed at most.
    static func bound(_ size: Int) -> Int {
        size + plan(size).count * (lengthSize + Chunk.headerSize)
    }

    static func plan(_ size: Int) -> ChunkPlan { ChunkPlan(totalSize: size, chunkSize: StoreLimits.packedPartSize) }

    /// Packs an object part by part.
    /// - Parameter write: takes each part with its offset in the packed form.
    static func pack(
        _ raw: UnsafeRawBufferPointer, _ write: (_ part: UnsafeRawBufferPointer, _ offset: Int) throws(TierFault) -> Void
    ) throws(TierFault) -> TierMoveResult {
        let plan = plan(raw.count)
        var checksum: UInt32 = 0
        var offset = 0
        var buffer: [UInt8] = []
        for index in 0..<plan.count {
            let part = UnsafeRawBufferPointer(rebasing: raw[plan.range(of: index)])
            checksum = rf_crc32c(checksum, part.baseAddress, part.count)
            let chunk = Chunk(compressing: part)
            buffer.removeAll(keepingCapacity: true)
            withUnsafeBytes(of: UInt32(chunk.encoded.count).littleEndian) { buffer.append(contentsOf: $0) }
            buffer.append(contentsOf: chunk.encoded)
            var fault: TierFault?
            buffer.withUnsafeBytes { bytes in
                do throws(TierFault) { try write(bytes, offset) } catch { fault = error }
            }
            if let fault { throw fault }
            offset += buffer.count
        }
        return TierMoveResult(count: offset, checksum: checksum)
    }

    /// Unpacks an object, and checks that it is the one that was packed.
    /// - Parameters:
    ///   - count: bytes of the packed form.
    ///   - read: fills the buffer from an offset of the packed form.
    /// - Throws: `damaged` when a single bit is not as it was.
    static func unpack(
        count: Int, into raw: UnsafeMutableRawBufferPointer, checksum expected: UInt32?,
        _ read: (_ buffer: UnsafeMutableRawBufferPointer, _ offset: Int) throws(TierFault) -> Void
    ) throws(TierFault) -> TierMoveResult {
        let plan = plan(raw.count)
        var checksum: UInt32 = 0
        var offset = 0
        for index in 0..<plan.count {
            let target = UnsafeMutableRawBufferPointer(rebasing: raw[plan.range(of: index)])
            let length = Int(UInt32(littleEndian: try load(at: offset, within: count, read)))
            guard length >= Chunk.headerSize, length <= target.count + Chunk.headerSize, offset + lengthSize + length <= count else {
                throw .damaged("part \(index) says that it has \(length) bytes")
            }
            var fault: TierFault?
            let encoded = [UInt8](unsafeUninitializedCapacity: length) { buffer, filled in
                do throws(TierFault) {
                    try read(UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<length]), offset + lengthSize)
                    filled = length
                } catch { fault = error }
            }
            if let fault { throw fault }
            do throws(ChunkFault) { try Chunk(parsing: encoded).decompress(into: target) } catch {
                throw .damaged("part \(index): \(error)")
            }
            checksum = rf_crc32c(checksum, target.baseAddress, target.count)
            offset += lengthSize + length
        }
        guard offset == count else { throw .damaged("\(count) packed bytes instead of \(offset)") }
        if let expected, expected != checksum { throw .damaged("checksum \(checksum) instead of \(expected)") }
        return TierMoveResult(count: raw.count, checksum: checksum)
    }

    private static func load(
        at offset: Int, within count: Int, _ read: (UnsafeMutableRawBufferPointer, Int) throws(TierFault) -> Void
    ) throws(TierFault) -> UInt32 {
        guard offset + lengthSize <= count else { throw .damaged("it ends after \(count) packed bytes") }
        var word: UInt32 = 0
        var fault: TierFault?
        withUnsafeMutableBytes(of: &word) { bytes in
            do throws(TierFault) { try read(bytes, offset) } catch { fault = error }
        }
        if let fault { throw fault }
        return word
    }
}
