import CLinux

/// How an object looks in the warm and the cold tier: parts of 1 MiB, each its packed length (u32, little-endian) and a ``Chunk``.
/// Nothing else: how many parts there are follows from the size of the object.
enum PackedForm {
    static let lengthSize = 4

    /// Bytes that an object of this size has packed at most.
    static func bound(_ size: Int) -> Int { size + plan(size).count * (lengthSize + Chunk.headerSize) }

    private static func plan(_ size: Int) -> ChunkPlan { ChunkPlan(totalSize: size, chunkSize: StoreLimits.packedPartSize) }

    /// Room for one part, packed as badly as can be.
    private static func withScratch<Value>(
        for plan: ChunkPlan, _ body: (UnsafeMutableRawBufferPointer) throws(TierFault) -> Value
    ) throws(TierFault) -> Value {
        let scratch = UnsafeMutableRawBufferPointer.allocate(
            byteCount: lengthSize + Chunk.room(for: min(plan.totalSize, plan.chunkSize)), alignment: 16)
        defer { scratch.deallocate() }
        return try body(scratch)
    }

    /// Packs an object part by part.
    /// - Parameter write: takes each part with its offset in the packed form.
    static func pack(
        _ raw: UnsafeRawBufferPointer, _ write: (_ part: UnsafeRawBufferPointer, _ offset: Int) throws(TierFault) -> Void
    ) throws(TierFault) -> TierMoveResult {
        let plan = plan(raw.count)
        return try withScratch(for: plan) { (scratch) throws(TierFault) in
            var result = TierMoveResult(count: 0, checksum: 0)
            // A part after one that was worth it most likely is as well.
            var isSampled = true
            for index in 0..<plan.count {
                let part = UnsafeRawBufferPointer(rebasing: raw[plan.range(of: index)])
                result.checksum = rf_crc32c(result.checksum, part.baseAddress, part.count)
                let room = UnsafeMutableRawBufferPointer(rebasing: scratch[lengthSize...])
                let length = Chunk.write(part, into: room, isSampled: isSampled)
                isSampled = length == part.count + Chunk.headerSize
                scratch.storeBytes(of: UInt32(length).littleEndian, as: UInt32.self)
                try write(UnsafeRawBufferPointer(rebasing: scratch[..<(lengthSize + length)]), result.count)
                result.count += lengthSize + length
            }
            return result
        }
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
        return try withScratch(for: plan) { (scratch) throws(TierFault) in
            try unpack(plan, count, raw, expected) { (offset, length) throws(TierFault) in
                let buffer = UnsafeMutableRawBufferPointer(rebasing: scratch[..<length])
                try read(buffer, offset)
                return UnsafeRawBufferPointer(buffer)
            }
        }
    }

    /// The same from memory.
    static func unpack(
        _ packed: UnsafeRawBufferPointer, into raw: UnsafeMutableRawBufferPointer, checksum expected: UInt32?
    ) throws(TierFault) -> TierMoveResult {
        try unpack(plan(raw.count), packed.count, raw, expected) { (offset, length) throws(TierFault) in
            UnsafeRawBufferPointer(rebasing: packed[offset..<offset + length])
        }
    }

    /// - Parameter bytes: so many of the packed form, valid until it is called again.
    private static func unpack(
        _ plan: ChunkPlan, _ count: Int, _ raw: UnsafeMutableRawBufferPointer, _ expected: UInt32?,
        _ bytes: (_ offset: Int, _ length: Int) throws(TierFault) -> UnsafeRawBufferPointer
    ) throws(TierFault) -> TierMoveResult {
        var checksum: UInt32 = 0
        var offset = 0
        for index in 0..<plan.count {
            let target = UnsafeMutableRawBufferPointer(rebasing: raw[plan.range(of: index)])
            guard offset + lengthSize <= count else { throw .damaged("it ends after \(count) packed bytes") }
            let length = Int(UInt32(littleEndian: try bytes(offset, lengthSize).loadUnaligned(as: UInt32.self)))
            offset += lengthSize
            guard length >= Chunk.headerSize, length <= target.count + Chunk.headerSize, offset + length <= count else {
                throw .damaged("part \(index) says that it has \(length) bytes")
            }
            let encoded = try bytes(offset, length)
            do throws(ChunkFault) { try Chunk.read(encoded, into: target) } catch { throw .damaged("part \(index): \(error)") }
            checksum = rf_crc32c(checksum, target.baseAddress, target.count)
            offset += length
        }
        guard offset == count else { throw .damaged("\(count) packed bytes instead of \(offset)") }
        if let expected, expected != checksum { throw .damaged("checksum \(checksum) instead of \(expected)") }
        return TierMoveResult(count: raw.count, checksum: checksum)
    }
}
