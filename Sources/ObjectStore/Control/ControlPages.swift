import CLinux
import Glibc
import RayflowCore

/// The raylet's side of the control pages: the only writer of the index, and the reader of everybody's pins.
///
/// Used by one thread. What other processes write is never trusted: a pin page can keep space from being reused, nothing else.
package final class ControlPages {
    private let arena: Arena
    private let geometry: ArenaGeometry
    private let mapping: Mapping
    /// Index pages that have memory behind them; slots are handed out from the lowest.
    private var populatedIndex = 0
    private var assigned: [Bool]
    private var hasMemory: [Bool]
    /// No process above this one was ever assigned.
    private var processEnd = 0

    /// - Parameter arena: of the raylet itself.
    package init(_ arena: Arena) throws(ArenaError) {
        self.arena = arena
        geometry = arena.geometry
        mapping = try Mapping(of: arena.control.raw, offset: 0, count: ControlLayout.size(of: arena.geometry), isWritable: true)
        assigned = [Bool](repeating: false, count: arena.geometry.processCount)
        hasMemory = assigned
    }

    // MARK: - Index

    /// Publishes an entry: a reader sees the old one, the new one, or an odd generation and tries again.
    /// - Throws: when the memory for another page of the index cannot be had.
    package func write(_ entry: IndexEntry) throws(ArenaError) {
        precondition(entry.place.slot < geometry.slotCount && entry.place.generation % 2 == 0, "entry \(entry)")
        let offset = ControlLayout.indexOffset + Int(entry.place.slot) * ControlLayout.entrySize
        try populateIndex(upTo: offset + ControlLayout.entrySize)
        let base = mapping.base + offset
        if rf_load_acquire_u64(base) != entry.place.generation {
            rf_store_release_u64(base, entry.place.generation - 1)
            rf_fence()
        }
        // Under the same generation an entry goes from open to sealed only, and nobody reads an open one.
        rf_store_release_u64(base + 8, entry.place.offset)
        rf_store_release_u64(base + 16, entry.place.size)
        rf_store_release_u64(base + 24, entry.state.rawValue)
        rf_store_release_u64(base, entry.place.generation)
    }

    private func populateIndex(upTo end: Int) throws(ArenaError) {
        let needed = (end - ControlLayout.indexOffset + ControlLayout.pageSize - 1) / ControlLayout.pageSize
        while populatedIndex < needed {
            let start = ControlLayout.indexOffset + populatedIndex * ControlLayout.pageSize
            try arena.control.populate(start..<start + ControlLayout.pageSize)
            populatedIndex += 1
        }
    }

    // MARK: - Pin pages

    /// A clean pin page for a process that is about to be spawned.
    package func assignProcess() throws(ArenaError) -> Int {
        guard let process = assigned.firstIndex(of: false) else { throw .noPinPage(limit: geometry.processCount) }
        let offset = ControlLayout.pinPageOffset(process, of: geometry)
        if !hasMemory[process] {
            try arena.control.populate(offset..<offset + ControlLayout.pageSize)
            hasMemory[process] = true
        }
        memset(mapping.base + offset, 0, ControlLayout.pageSize)
        assigned[process] = true
        processEnd = max(processEnd, process + 1)
        return process
    }

    /// The process is gone for good: its pins are void, and its page may be given to another.
    package func releaseProcess(_ process: Int) {
        guard assigned.indices.contains(process), assigned[process] else { return }
        dropPins(of: process)
        assigned[process] = false
    }

    /// - Precondition: the process is dead; a live one would lose pages under its views.
    package func dropPins(of process: Int) {
        guard assigned.indices.contains(process), assigned[process] else { return }
        memset(mapping.base + ControlLayout.pinPageOffset(process, of: geometry), 0, ControlLayout.pageSize)
    }

    /// Whether any process shows a pin on the slot, of any generation. Only after the slot's entry was retired does "no" last.
    package func scanPins(_ slot: UInt32) -> Bool {
        rf_fence()
        var found = false
        for process in 0..<processEnd where assigned[process] && !found {
            forEachPin(of: process) { if $0 == slot { found = true } }
        }
        return found
    }

    /// All slots that any process pins: one pass over the pages for many slots.
    package func pinnedSlots() -> Set<UInt32> {
        rf_fence()
        var slots: Set<UInt32> = []
        for process in 0..<processEnd where assigned[process] { forEachPin(of: process) { slots.insert($0) } }
        return slots
    }

    /// What the process says that it does.
    package func activity(of process: Int) -> ProcessActivity {
        let page = mapping.base + ControlLayout.pinPageOffset(process, of: geometry)
        return ProcessActivity(word: rf_load_acquire_u64(page + ControlLayout.activity * 8))
    }

    private func forEachPin(of process: Int, _ body: (UInt32) -> Void) {
        let page = mapping.base + ControlLayout.pinPageOffset(process, of: geometry)
        let used = Int(min(rf_load_acquire_u64(page), UInt64(StoreLimits.pinsPerProcess)))
        for index in 0..<used {
            if let slot = ControlLayout.pinnedSlot(rf_load_acquire_u64(page + (ControlLayout.firstPin + index) * 8)) { body(slot) }
        }
    }
}
