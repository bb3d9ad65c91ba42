import CLinux
package import RayflowCore

/// What tells the chunks of one object from those of all others: where the checksums of its chunks begin.
package struct ChunkPlace: Sendable, Hashable {
    private let value: UInt32

    package init(_ object: ObjectID, size: Int) {
        var writer = ByteWriter()
        writer.object(object)
        writer.u64(UInt64(size))
        value = writer.bytes.withUnsafeBytes { rf_crc32c(0, $0.baseAddress, $0.count) }
    }

    /// - Throws: for a chunk that was not made for this place, or is not as it was made.
    package func check(_ encoded: [UInt8], at index: Int) throws(ChunkFault) {
        _ = try Chunk(parsing: encoded, place: checksum(at: index))
    }

    /// Of one chunk.
    func checksum(at index: Int) -> UInt32 {
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: index).littleEndian) { rf_crc32c(value, $0.baseAddress, $0.count) }
    }
}
