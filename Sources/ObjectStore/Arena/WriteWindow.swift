package import RayflowCore

/// A second mapping of one object's pages, writable, as long as somebody holds the window.
///
/// The read-only mapping of the arena is never opened: views stay protected. The process keeps the last few mappings for its next puts
/// (``WindowCache``), so dropping a window does not take the address away at once.
/// From 64 KiB on an object owns its pages, so a window on one never reaches another.
package final class WriteWindow: Sendable {
    /// The object's bytes; valid while the window lives.
    package nonisolated(unsafe) let memory: UnsafeMutableRawBufferPointer
    package let place: ObjectPlace
    private let mapping: Mapping

    /// - Parameter isKept: the mapping serves later puts as well.
    init(on arena: Arena, place: ObjectPlace, isKept: Bool = true) throws(ArenaError) {
        let offset = Int(place.offset)
        let page = StoreLimits.pageSize
        let first = offset / page * page
        let end = min((offset + max(Int(place.size), 1) + page - 1) / page * page, arena.geometry.dataSize)
        guard first < end else { throw .outOfBounds(place) }
        let start: Int
        if isKept {
            (mapping, start) = try arena.windows.mapping(of: arena.data, covering: first..<end)
        } else {
            mapping = try Mapping(of: arena.data.raw, offset: first, count: end - first, isWritable: true, isPrefaulted: true)
            start = first
        }
        memory = UnsafeMutableRawBufferPointer(start: mapping.base + (offset - start), count: Int(place.size))
        self.place = place
    }
}
