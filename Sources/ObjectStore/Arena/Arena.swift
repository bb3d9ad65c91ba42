import CLinux
import Glibc
package import RayflowCore

/// The shared memory of one node: two memfds, *data* for objects and *control* for index and pins.
///
/// Both have their final size from the start, sealed; pages stand behind a slab only after ``populate(slab:)``. Every process maps *data*
/// read-only and writes to what it was granted at other addresses (``WriteWindow``). The memory disappears with the last process that has it; nothing has a
/// name in any file system. Mappings protect against bugs, not against hostile code of the same user.
package final class Arena: Sendable {
    package let geometry: ArenaGeometry
    package let nonce: SessionNonce
    let data: Descriptor
    let control: Descriptor
    private let mapping: Mapping
    let writing: WriteView
    private let probe: MemoryProbe

    /// Creates the memory: what the raylet does, once in its life.
    package static func create(geometry: ArenaGeometry, nonce: SessionNonce, probe: MemoryProbe = .system) throws(ArenaError) -> Arena {
        let pageSize = sysconf(Int32(_SC_PAGESIZE))
        guard pageSize == StoreLimits.pageSize else { throw .badGeometry("pages of \(pageSize) bytes") }
        let data = try Descriptor.memory(name: "rayflow-data", size: geometry.dataSize)
        let control = try Descriptor.memory(name: "rayflow-control", size: ControlLayout.size(of: geometry))
        try control.populate(0..<StoreLimits.pageSize)
        ControlLayout.writeHeader(
            geometry, nonce, to: try Mapping(of: control.raw, offset: 0, count: StoreLimits.pageSize, isWritable: true))
        return try Arena(geometry: geometry, nonce: nonce, data: data, control: control, probe: probe)
    }

    /// Maps the memory of a running raylet.
    /// - Parameters:
    ///   - dataFD, controlFD: inherited or received; they are copied and stay the caller's.
    ///   - nonce: told by the raylet on another way than the descriptors.
    /// - Throws: when the descriptors are not what the raylet of this session made.
    package static func attach(dataFD: Int32, controlFD: Int32, nonce: SessionNonce) throws(ArenaError) -> Arena {
        let data = try Descriptor.copy(of: dataFD)
        let control = try Descriptor.copy(of: controlFD)
        // Sizes that can change could take pages away from under a reader, so the seals come before any look inside.
        guard rf_size_is_sealed(data.raw) != 0 else { throw .notSealed("data") }
        guard rf_size_is_sealed(control.raw) != 0 else { throw .notSealed("control") }
        let controlSize = try control.size()
        guard controlSize >= StoreLimits.pageSize else {
            throw .wrongSize("control", expected: StoreLimits.pageSize, found: controlSize)
        }
        let header = try Mapping(of: control.raw, offset: 0, count: StoreLimits.pageSize, isWritable: false)
        let geometry = try ControlLayout.readHeader(header, expecting: nonce)
        guard controlSize == ControlLayout.size(of: geometry) else {
            throw .wrongSize("control", expected: ControlLayout.size(of: geometry), found: controlSize)
        }
        let dataSize = try data.size()
        guard dataSize == geometry.dataSize else { throw .wrongSize("data", expected: geometry.dataSize, found: dataSize) }
        return try Arena(geometry: geometry, nonce: nonce, data: data, control: control, probe: .system)
    }

    private init(
        geometry: ArenaGeometry, nonce: SessionNonce, data: Descriptor, control: Descriptor, probe: MemoryProbe
    ) throws(ArenaError) {
        self.geometry = geometry
        self.nonce = nonce
        self.data = data
        self.control = control
        self.probe = probe
        writing = WriteView(data, geometry)
        mapping = try Mapping(of: data.raw, offset: 0, count: geometry.dataSize, isWritable: false)
    }

    /// For children to inherit; close-on-exec, and closed with the arena.
    package var dataFD: Int32 { data.raw }
    package var controlFD: Int32 { control.raw }

    // MARK: - Objects

    /// The bytes of an object, read-only. They stay valid while the object is pinned and the arena lives: see ``ObjectPin``.
    package func view(_ place: ObjectPlace) throws(ArenaError) -> UnsafeRawBufferPointer {
        guard geometry.contains(place) else { throw .outOfBounds(place) }
        return UnsafeRawBufferPointer(start: mapping.base + Int(place.offset), count: Int(place.size))
    }

    /// Opens what was granted for writing. Drop the window before the object is sealed.
    package func openWindow(_ place: ObjectPlace) throws(ArenaError) -> WriteWindow {
        guard geometry.contains(place) else { throw .outOfBounds(place) }
        return try WriteWindow(on: self, place: place)
    }

    /// Writes an object in one go.
    package func write<Value>(
        _ place: ObjectPlace, _ body: (UnsafeMutableRawBufferPointer) throws -> Value
    ) throws -> Value {
        let window = try openWindow(place)
        return try withExtendedLifetime(window) { try body(window.memory) }
    }

    // MARK: - Slabs, on a thread that may wait

    /// Puts pages behind a slab, after a look at how much memory there is. 64 MiB take about 10 ms.
    package func populate(slab: Int) throws(ArenaError) {
        let memory = probe.memory()
        let kept = min(StoreLimits.memoryKeptFree, memory.total / 10)
        guard memory.available - kept >= geometry.slabSize else {
            throw .notEnoughMemory(needed: geometry.slabSize, available: max(memory.available - kept, 0))
        }
        do {
            try data.populate(geometry.range(ofSlab: slab))
        } catch {
            // Part of the slab may have been had.
            try? data.punch(geometry.range(ofSlab: slab))
            throw error
        }
    }

    /// Gives a slab's pages back.
    package func release(slab: Int) throws(ArenaError) { try data.punch(geometry.range(ofSlab: slab)) }
}
