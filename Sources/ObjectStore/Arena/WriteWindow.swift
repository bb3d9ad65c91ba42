package import RayflowCore

/// A second mapping of one object's pages, writable, as long as somebody holds the window.
///
/// The read-only mapping of the arena is never opened: views stay protected. The slabs under the window stay open for the process's next
/// puts (``WriteView``), so dropping a window does not take the address away at once.
package final class WriteWindow: Sendable {
    /// The object's bytes; valid while the window lives.
    package nonisolated(unsafe) let memory: UnsafeMutableRawBufferPointer
    package let place: ObjectPlace
    private let source: Source

    private enum Source {
        case view(WriteView, Range<Int>)
        case own(Mapping)
    }

    /// - Parameter isKept: what is set up serves later puts as well.
    init(on arena: Arena, place: ObjectPlace, isKept: Bool = true) throws(ArenaError) {
        let offset = Int(place.offset)
        let page = StoreLimits.pageSize
        let first = offset / page * page
        let end = min((offset + max(Int(place.size), 1) + page - 1) / page * page, arena.geometry.dataSize)
        guard first < end else { throw .outOfBounds(place) }
        let base: UnsafeMutableRawPointer
        if isKept {
            base = try arena.writing.open(first..<end)
            source = .view(arena.writing, first..<end)
        } else {
            let mapping = try Mapping(of: arena.data.raw, offset: first, count: end - first, isWritable: true, isPrefaulted: true)
            base = mapping.base
            source = .own(mapping)
        }
        memory = UnsafeMutableRawBufferPointer(start: base + (offset - first), count: Int(place.size))
        self.place = place
    }

    deinit { if case .view(let view, let pages) = source { view.close(pages) } }
}
