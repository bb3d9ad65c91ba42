import CLinux
import Glibc
import Synchronization

/// Where this process writes into *data*: a range of addresses as long as the arena, in which the slabs that it was granted space in are open.
///
/// Setting page tables up and taking them down costs as much as writing, so a slab stays open for the next puts: they find their pages mapped
/// wherever in it they were granted space, and objects of several slabs lie in one piece. Beyond a share of the arena the slabs that were not
/// written to for longest are closed. The price: a pointer that outlives its window may still write to an open slab. The mapping that is
/// read through never allows it.
final class WriteView: Sendable {
    private struct Slab {
        var isOpen = false
        /// Windows on it now.
        var windows = 0
        var lastUse: UInt64 = 0
    }
    private struct State {
        /// Empty until the first window is opened.
        var slabs: [Slab] = []
        var openCount = 0
        var uses: UInt64 = 0
        var range: Reservation?
    }

    private let data: Descriptor
    private let geometry: ArenaGeometry
    private let limit: Int
    private let state = Mutex(State())

    init(_ data: Descriptor, _ geometry: ArenaGeometry) {
        self.data = data
        self.geometry = geometry
        limit = max(geometry.slabCount * StoreLimits.writableSlabPercent / 100, 1)
    }

    /// Opens the slabs under some pages of the data until they are closed as often.
    /// - Returns: the address of the first byte.
    func open(_ pages: Range<Int>) throws(ArenaError) -> UnsafeMutableRawPointer {
        let slabs = slabs(under: pages)
        let (range, opened): (Reservation, [Range<Int>]) = try state.withLock { (state) throws(ArenaError) in
            let range: Reservation
            if let known = state.range {
                range = known
            } else {
                range = try Reservation(count: geometry.dataSize)
                state.range = range
                state.slabs = [Slab](repeating: Slab(), count: geometry.slabCount)
            }
            var opened: [Range<Int>] = []
            var next = slabs.lowerBound
            while next < slabs.upperBound {
                guard !state.slabs[next].isOpen else { next += 1; continue }
                let end = (next..<slabs.upperBound).first { state.slabs[$0].isOpen } ?? slabs.upperBound
                let bytes = geometry.range(ofSlab: next).lowerBound..<geometry.range(ofSlab: end - 1).upperBound
                try range.map(data, bytes)
                for slab in next..<end { state.slabs[slab].isOpen = true }
                state.openCount += end - next
                opened.append(bytes)
                next = end
            }
            state.uses += 1
            for slab in slabs {
                state.slabs[slab].windows += 1
                state.slabs[slab].lastUse = state.uses
            }
            return (range, opened)
        }
        // Outside of the lock: it takes about a tenth of a millisecond for each MiB.
        for bytes in opened { range.populate(bytes.clamped(to: pages)) }
        return range.base + pages.lowerBound
    }

    func close(_ pages: Range<Int>) {
        let slabs = slabs(under: pages)
        state.withLock { state in
            for slab in slabs { state.slabs[slab].windows -= 1 }
            while state.openCount > limit, let range = state.range {
                let idle = state.slabs.indices.filter { state.slabs[$0].isOpen && state.slabs[$0].windows == 0 }
                guard let oldest = idle.min(by: { state.slabs[$0].lastUse < state.slabs[$1].lastUse }) else { break }
                guard range.unmap(geometry.range(ofSlab: oldest)) else { break }
                state.slabs[oldest].isOpen = false
                state.openCount -= 1
            }
        }
    }

    /// For tests.
    var openSlabs: [Int] { state.withLock { state in state.slabs.indices.filter { state.slabs[$0].isOpen } } }

    private func slabs(under pages: Range<Int>) -> Range<Int> {
        pages.lowerBound / geometry.slabSize..<(pages.upperBound - 1) / geometry.slabSize + 1
    }
}

/// Addresses without memory, in which parts of a file are mapped; given back with the last reference.
final class Reservation: Sendable {
    nonisolated(unsafe) let base: UnsafeMutableRawPointer
    private let count: Int

    init(count: Int) throws(ArenaError) {
        guard let base = mmap(nil, count, PROT_NONE, Self.unused, -1, 0), base != MAP_FAILED else {
            throw .system(call: "mmap of \(count) bytes", code: errno)
        }
        self.base = base
        self.count = count
    }

    private static let unused = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE

    /// Bytes of the file at the same offset from the base, writable.
    func map(_ file: Descriptor, _ bytes: Range<Int>) throws(ArenaError) {
        let start = base + bytes.lowerBound
        let flags = MAP_SHARED | MAP_FIXED | MAP_NORESERVE
        guard mmap(start, bytes.count, PROT_READ | PROT_WRITE, flags, file.raw, off_t(bytes.lowerBound)) != MAP_FAILED else {
            throw .system(call: "mmap of \(bytes.count) bytes", code: errno)
        }
        // Where shared memory may have large pages; anywhere else it says no.
        _ = madvise(start, bytes.count, MADV_HUGEPAGE)
    }

    /// Sets the page tables up at once. A kernel before 5.14 cannot: then the first touch of each page does.
    func populate(_ bytes: Range<Int>) { _ = madvise(base + bytes.lowerBound, bytes.count, MADV_POPULATE_WRITE) }

    func unmap(_ bytes: Range<Int>) -> Bool {
        mmap(base + bytes.lowerBound, bytes.count, PROT_NONE, Self.unused | MAP_FIXED, -1, 0) != MAP_FAILED
    }

    deinit { munmap(base, count) }
}
