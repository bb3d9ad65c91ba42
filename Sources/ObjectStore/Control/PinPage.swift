import CLinux
package import RayflowCore
import Synchronization

/// A process's side of the control pages: the index, read-only, and its own page of pins. Safe from any thread.
///
/// The way to an object of this node: its ID leads through a bucket to an entry of the index, which says where it lies.
/// A pin costs no message: the process shows (slot, generation) on its page, fences, and looks again whether the index still has that
/// generation, sealed. The raylet retires an entry, fences, and then looks at the pins. So one of the two sees the other.
package final class PinPage: Sendable {
    private struct Shown {
        var entry: Int
        var generation: UInt64
        var count: Int
    }
    private struct State {
        var shown: [UInt32: Shown] = [:]
        var spare: [Int] = []
        var end = 0
    }

    package let process: Int
    private let slotCount: Int
    private let bucketCount: Int
    private let bucketOffset: Int
    private let index: Mapping
    private let page: Mapping
    private let state = Mutex(State())

    /// - Parameter process: the page that the raylet assigned to this process.
    package init(_ arena: Arena, process: Int) throws(ArenaError) {
        guard (0..<arena.geometry.processCount).contains(process) else { throw .noSuchPinPage(process) }
        self.process = process
        slotCount = arena.geometry.slotCount
        bucketCount = ControlLayout.bucketCount(of: arena.geometry)
        bucketOffset = ControlLayout.bucketOffset(of: arena.geometry)
        let control = arena.control.raw
        index = try Mapping(of: control, offset: 0, count: bucketOffset + bucketCount * 8, isWritable: false)
        page = try Mapping(
            of: control, offset: ControlLayout.pinPageOffset(process, of: arena.geometry), count: ControlLayout.pageSize, isWritable: true)
    }

    /// Pins a sealed object of this node that lies in the hot tier; undone by ``unpin(_:)`` of its place.
    /// - Returns: nil when it is not shown in the index, or the page is full: ask the raylet.
    package func pin(_ id: ObjectID) -> ObjectPlace? {
        for _ in 0..<StoreLimits.indexLooks {
            guard let place = find(id) else { return nil }
            if pin(place) { return place }
        }
        return nil
    }

    private func find(_ id: ObjectID) -> ObjectPlace? {
        let hash = ControlLayout.hash(id)
        for bucket in ControlLayout.buckets(of: hash, count: bucketCount) {
            let word = rf_load_acquire_u64(index.base + bucketOffset + bucket * 8)
            guard let slot = ControlLayout.slot(in: word, hash: hash), let entry = entry(of: slot) else { continue }
            if entry.object == id, entry.state == .sealed { return entry.place }
        }
        return nil
    }

    /// Pins a sealed object of this generation; undone by ``unpin(slot:generation:)``, once for each success.
    /// - Returns: false when the object is not there (any more) or the page is full: ask the raylet.
    package func pin(slot: UInt32, generation: UInt64) -> Bool {
        guard slot < slotCount else { return false }
        return state.withLock { state in
            if let shown = state.shown[slot] {
                // Another generation under this slot is retired space that this process still reads.
                guard shown.generation == generation, isSealed(slot, generation) else { return false }
                state.shown[slot]?.count += 1
                return true
            }
            guard let entry = state.spare.popLast() ?? nextEntry(&state) else { return false }
            rf_store_release_u64(address(of: entry), ControlLayout.pinWord(slot: slot, generation: generation))
            rf_fence()
            guard isSealed(slot, generation) else {
                rf_store_release_u64(address(of: entry), 0)
                state.spare.append(entry)
                return false
            }
            state.shown[slot] = Shown(entry: entry, generation: generation, count: 1)
            return true
        }
    }

    package func pin(_ place: ObjectPlace) -> Bool { pin(slot: place.slot, generation: place.generation) }

    /// Takes one pin back. One that was never made is ignored.
    package func unpin(slot: UInt32, generation: UInt64) {
        state.withLock { state in
            guard var shown = state.shown[slot], shown.generation == generation else { return }
            shown.count -= 1
            guard shown.count == 0 else { return state.shown[slot] = shown }
            rf_store_release_u64(address(of: shown.entry), ControlLayout.usedWord(slot: slot))
            state.spare.append(shown.entry)
            state.shown[slot] = nil
        }
    }

    package func unpin(_ place: ObjectPlace) { unpin(slot: place.slot, generation: place.generation) }

    /// For the raylet to see.
    package func show(_ activity: ProcessActivity) {
        rf_store_release_u64(page.base + ControlLayout.activity * 8, activity.word)
    }

    /// What the index says about a slot, or nil while it changes or when nothing was ever there.
    package func entry(of slot: UInt32) -> IndexEntry? {
        guard slot < slotCount else { return nil }
        let base = index.base + ControlLayout.indexOffset + Int(slot) * ControlLayout.entrySize
        for _ in 0..<StoreLimits.indexLooks {
            let generation = rf_load_acquire_u64(base)
            let state = IndexEntry.State(rawValue: rf_load_acquire_u64(base + 24))
            let offset = rf_load_acquire_u64(base + 8)
            let size = rf_load_acquire_u64(base + 16)
            func word(_ index: Int) -> UInt64 { rf_load_acquire_u64(base + index * 8) }
            let id = (word(4), word(5), word(6), word(7))
            rf_fence()
            guard rf_load_acquire_u64(base) == generation, generation % 2 == 0 else { continue }
            guard generation > 0, let state else { return nil }
            let place = ObjectPlace(slot: slot, generation: generation, offset: offset, size: size)
            return IndexEntry(object: ControlLayout.object(id), place: place, state: state)
        }
        return nil
    }

    private func isSealed(_ slot: UInt32, _ generation: UInt64) -> Bool {
        guard let entry = entry(of: slot) else { return false }
        return entry.place.generation == generation && entry.state == .sealed
    }

    /// The raylet looks at no entry beyond the mark, so the mark goes up before the pin is shown.
    private func nextEntry(_ state: inout State) -> Int? {
        guard state.end < StoreLimits.pinsPerProcess else { return nil }
        state.end += 1
        rf_store_release_u64(page.base, UInt64(state.end))
        return state.end - 1
    }

    private func address(of entry: Int) -> UnsafeMutableRawPointer { page.base + (ControlLayout.firstPin + entry) * 8 }
}
