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
    private let bucketCount: Int
    /// Pages of buckets that have memory behind them.
    private var populatedBuckets: Set<Int> = []
    /// Which bucket leads to a slot.
    private var bucketOf: [UInt32: Int] = [:]
    private var assigned: [Bool]
    private var hasMemory: [Bool]
    /// No process above this one was ever assigned.
    private var processEnd = 0

    /// - Parameter arena: of the raylet itself.
    package init(_ arena: Arena) throws(ArenaError) {
        self.arena = arena
        geometry = arena.geometry
        mapping = try Mapping(of: arena.control.raw, offset: 0, count: ControlLayout.size(of: arena.geometry), isWritable: true)
        bucketCount = ControlLayout.bucketCount(of: arena.geometry)
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
        if entry.state != .sealed { hide(entry.place.slot) }
        let base = mapping.base + offset
        if rf_load_acquire_u64(base) != entry.place.generation {
            rf_store_release_u64(base, entry.place.generation - 1)
            rf_fence()
        }
        let id = ControlLayout.words(of: entry.object)
        rf_store_release_u64(base + 8, entry.place.offset)
        rf_store_release_u64(base + 16, entry.place.size)
        for (word, value) in [id.0, id.1, id.2, id.3].enumerated() { rf_store_release_u64(base + 32 + word * 8, value) }
        // Under the same generation an entry goes from open to sealed only. The state is the last to be written and the first to be read, so
        // whoever sees it sealed sees the size that the object was sealed with.
        rf_store_release_u64(base + 24, entry.state.rawValue)
        rf_store_release_u64(base, entry.place.generation)
        if entry.state == .sealed { show(entry) }
    }

    /// Leads readers from the object to its slot. Without a free bucket, or memory for it, they ask by message.
    private func show(_ entry: IndexEntry) {
        let hash = ControlLayout.hash(entry.object)
        hide(entry.place.slot)
        for bucket in ControlLayout.buckets(of: hash, count: bucketCount) {
            let offset = ControlLayout.bucketOffset(of: geometry) + bucket * 8
            let page = offset / ControlLayout.pageSize
            if !populatedBuckets.contains(page) {
                let start = page * ControlLayout.pageSize
                guard (try? arena.control.populate(start..<start + ControlLayout.pageSize)) != nil else { return }
                populatedBuckets.insert(page)
            }
            guard rf_load_acquire_u64(mapping.base + offset) == 0 else { continue }
            rf_store_release_u64(mapping.base + offset, ControlLayout.bucketWord(slot: entry.place.slot, hash: hash))
            bucketOf[entry.place.slot] = bucket
            return
        }
    }

    private func hide(_ slot: UInt32) {
        guard let bucket = bucketOf.removeValue(forKey: slot) else { return }
        rf_store_release_u64(mapping.base + ControlLayout.bucketOffset(of: geometry) + bucket * 8, 0)
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

    /// What all pages show. What was used and let go of since the last look is told once.
    package func look() -> PinLook {
        rf_fence()
        var look = PinLook()
        for process in 0..<processEnd where assigned[process] {
            forEachPin(of: process) {
                look.holders[$0, default: []].append(UInt64(process))
            } used: {
                look.used.insert($0)
            }
        }
        return look
    }

    /// What the process says that it does.
    package func activity(of process: Int) -> ProcessActivity {
        let page = mapping.base + ControlLayout.pinPageOffset(process, of: geometry)
        return ProcessActivity(word: rf_load_acquire_u64(page + ControlLayout.activity * 8))
    }

    private func forEachPin(of process: Int, _ body: (UInt32) -> Void, used: ((UInt32) -> Void)? = nil) {
        let page = mapping.base + ControlLayout.pinPageOffset(process, of: geometry)
        let end = Int(min(rf_load_acquire_u64(page), UInt64(StoreLimits.pinsPerProcess)))
        for index in 0..<end {
            let address = page + (ControlLayout.firstPin + index) * 8
            let word = rf_load_acquire_u64(address)
            if let slot = ControlLayout.pinnedSlot(word) {
                body(slot)
            } else if let used, let slot = ControlLayout.usedSlot(word) {
                used(slot)
                // Not over a pin that the process has just shown there.
                _ = rf_cas_u64(address, word, 0)
            }
        }
    }
}
