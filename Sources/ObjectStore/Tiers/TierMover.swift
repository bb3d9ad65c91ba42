import RayflowCore

/// Carries moves out, on a thread that may wait. Safe from any thread.
package struct TierMover: Sendable {
    private let arena: Arena
    private let folder: SpillFolder?

    package init(_ arena: Arena, _ folder: SpillFolder?) {
        self.arena = arena
        self.folder = folder
    }

    package func run(_ move: TierMove) throws(TierFault) -> TierMoveResult {
        switch (move.source, move.target) {
        case (.hot(let place), .warm(let offset, let count)): try pack(try view(place), into: window(offset, count))
        case (.hot(let place), .cold(let region)): try spill(try view(place), to: region)
        case (.warm(let offset, let count), .cold(let region)):
            try copy(try view(Self.place(offset, count)), to: region, checksum: move.checksum)
        case (.warm(let offset, let count), .hot(let place)):
            try restore(try view(Self.place(offset, count)), to: place, checksum: move.checksum)
        case (.cold(let region), .hot(let place)): try restore(region, to: place, checksum: move.checksum)
        default: preconditionFailure("no such move: \(move)")
        }
    }

    private func pack(_ raw: UnsafeRawBufferPointer, into window: WriteWindow) throws(TierFault) -> TierMoveResult {
        guard Chunk.looksCompressible(raw) else { throw .doesNotPay }
        return try PackedForm.pack(raw) { (part, offset) throws(TierFault) in
            guard offset + part.count <= window.memory.count else { throw .doesNotPay }
            UnsafeMutableRawBufferPointer(rebasing: window.memory[offset...]).copyMemory(from: part)
        }
    }

    private func spill(_ raw: UnsafeRawBufferPointer, to region: SpillRegion) throws(TierFault) -> TierMoveResult {
        let folder = try theFolder(for: raw.count)
        return try PackedForm.pack(raw) { (part, offset) throws(TierFault) in try folder.write(part, at: region.offset + offset) }
    }

    /// Packed bytes go as they are; whether they are sound shows when they come back.
    private func copy(
        _ packed: UnsafeRawBufferPointer, to region: SpillRegion, checksum: UInt32?
    ) throws(TierFault) -> TierMoveResult {
        try theFolder(for: packed.count).write(packed, at: region.offset)
        return TierMoveResult(count: packed.count, checksum: checksum ?? 0)
    }

    private func restore(_ packed: UnsafeRawBufferPointer, to place: ObjectPlace, checksum: UInt32?) throws(TierFault) -> TierMoveResult {
        let window = try window(place)
        return try PackedForm.unpack(packed, into: window.memory, checksum: checksum)
    }

    private func restore(_ region: SpillRegion, to place: ObjectPlace, checksum: UInt32?) throws(TierFault) -> TierMoveResult {
        guard let folder else { throw .damaged("there is no spill folder") }
        let window = try window(place)
        return try PackedForm.unpack(count: region.count, into: window.memory, checksum: checksum) { (buffer, offset) throws(TierFault) in
            try folder.read(into: buffer, at: region.offset + offset)
        }
    }

    private func theFolder(for count: Int) throws(TierFault) -> SpillFolder {
        guard let folder else { throw .folder("there is no spill folder") }
        try folder.checkRoom(for: count)
        return folder
    }

    private static func place(_ offset: Int, _ count: Int) -> ObjectPlace {
        ObjectPlace(slot: 0, generation: 0, offset: UInt64(offset), size: UInt64(count))
    }

    private func view(_ place: ObjectPlace) throws(TierFault) -> UnsafeRawBufferPointer {
        do { return try arena.view(place) } catch { throw .unmapped("\(error)") }
    }

    private func window(_ offset: Int, _ count: Int) throws(TierFault) -> WriteWindow { try window(Self.place(offset, count)) }

    private func window(_ place: ObjectPlace) throws(TierFault) -> WriteWindow {
        do { return try WriteWindow(on: arena, place: place, isKept: false) } catch { throw .unmapped("\(error)") }
    }
}
