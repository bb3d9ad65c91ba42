package import RayflowCore

/// How an object is cut for a transfer: parts of equal size, the last one shorter. An empty object is one empty part.
package struct ChunkPlan: Sendable, Hashable {
    /// Bytes of the object.
    package let totalSize: Int
    /// Bytes of each part but the last.
    package let chunkSize: Int
    package let count: Int

    /// - Precondition: sizes are not negative and a chunk is at most ``StoreLimits/chunkSize``.
    package init(totalSize: Int, chunkSize: Int = StoreLimits.chunkSize) {
        precondition(totalSize >= 0 && (1...StoreLimits.chunkSize).contains(chunkSize), "\(totalSize) bytes in chunks of \(chunkSize)")
        self.totalSize = totalSize
        self.chunkSize = chunkSize
        count = max((totalSize - 1) / chunkSize + 1, 1)
    }

    /// - Precondition: `index` is one of `count`.
    package func range(of index: Int) -> Range<Int> {
        precondition((0..<count).contains(index), "chunk \(index) of \(count)")
        return index * chunkSize..<min((index + 1) * chunkSize, totalSize)
    }
}

extension ObjectChunk {
    /// Whether it is a part of an object of this size: else it has no place where that one goes.
    package func belongs(to plan: ChunkPlan) -> Bool { totalSize == UInt64(plan.totalSize) }
}

/// Cuts an object into chunks and packs them, one by one and in any order.
package struct ChunkReader {
    package let plan: ChunkPlan
    private let bytes: UnsafeRawBufferPointer
    private let place: ChunkPlace

    /// - Parameter bytes: of the object, valid while the reader is used; see ``ObjectPin``.
    package init(_ object: ObjectID, _ bytes: UnsafeRawBufferPointer, chunkSize: Int = StoreLimits.chunkSize) {
        self.bytes = bytes
        place = ChunkPlace(object, size: bytes.count)
        plan = ChunkPlan(totalSize: bytes.count, chunkSize: chunkSize)
    }

    /// Packs one part: about 10 ms for 5 MiB, so on a thread that may wait.
    package func chunk(at index: Int) -> Chunk {
        Chunk(compressing: UnsafeRawBufferPointer(rebasing: bytes[plan.range(of: index)]), place: place.checksum(at: index))
    }
}
