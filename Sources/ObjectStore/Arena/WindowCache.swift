import Synchronization

/// The writable mappings that a process used last, kept because setting page tables up costs more than writing.
///
/// A put to space that was written before is as fast as a copy; a fresh mapping costs four to ten times as much. The price: as with any space
/// that a process has leased, a pointer that outlives its window may still write there. The mapping that is read through never allows it.
final class WindowCache: Sendable {
    private struct Kept {
        var range: Range<Int>
        var mapping: Mapping
    }

    /// Least recently used first.
    private let kept = Mutex<[Kept]>([])

    /// A writable mapping that covers `range`, and the offset of the data at which it begins.
    func mapping(of data: Descriptor, covering range: Range<Int>) throws(ArenaError) -> (Mapping, start: Int) {
        let known: Kept? = kept.withLock { kept in
            guard let index = kept.lastIndex(where: { $0.range.lowerBound <= range.lowerBound && range.upperBound <= $0.range.upperBound })
            else { return nil }
            let found = kept.remove(at: index)
            kept.append(found)
            return found
        }
        if let known { return (known.mapping, known.range.lowerBound) }
        let mapping = try Mapping(of: data.raw, offset: range.lowerBound, count: range.count, isWritable: true, isPrefaulted: true)
        // Mappings are undone outside the lock, with their last reference.
        let dropped: [Kept] = kept.withLock { kept in
            var dropped = kept.filter { range.lowerBound <= $0.range.lowerBound && $0.range.upperBound <= range.upperBound }
            kept.removeAll { range.lowerBound <= $0.range.lowerBound && $0.range.upperBound <= range.upperBound }
            if range.count <= StoreLimits.keptWindowBytes { kept.append(Kept(range: range, mapping: mapping)) }
            var bytes = kept.reduce(0) { $0 + $1.range.count }
            while kept.count > StoreLimits.keptWindows || bytes > StoreLimits.keptWindowBytes {
                let oldest = kept.removeFirst()
                bytes -= oldest.range.count
                dropped.append(oldest)
            }
            return dropped
        }
        withExtendedLifetime(dropped) {}
        return (mapping, range.lowerBound)
    }

    var ranges: [Range<Int>] { kept.withLock { $0.map(\.range) } }
}
