import CLinux
import Glibc
import RayflowCore
import Testing

@testable import ObjectStore

@Suite struct ArenaTests {
    private let nonce = SessionNonce(high: 7, low: 9)

    private func place(_ offset: UInt64, _ size: UInt64) -> ObjectPlace { ObjectPlace(slot: 0, generation: 2, offset: offset, size: size) }

    @Test("what one mapping writes the other reads")
    func writeAndRead() throws {
        let arena = try Arena.small()
        try arena.populate(slab: 0)
        let other = try Arena.attach(dataFD: arena.dataFD, controlFD: arena.controlFD, nonce: nonce)
        #expect(other.geometry == arena.geometry)
        let place = place(4096, 100_000)
        try arena.write(place) { $0.copyBytes(from: (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }) }
        let view = try other.view(place)
        #expect(view.count == 100_000 && view[255] == 255 && view[99_999] == UInt8(truncatingIfNeeded: 99_999))
    }

    @Test("address space costs no memory until a slab is populated, and again after it is given back")
    func pagesComeAndGo() throws {
        let arena = try Arena.small()
        func pages() throws -> Int {
            var status = stat()
            try #require(fstat(arena.dataFD, &status) == 0)
            return Int(status.st_blocks) * 512
        }
        #expect(try pages() == 0)
        try arena.populate(slab: 2)
        #expect(try pages() == 1 << 20)
        try arena.release(slab: 2)
        #expect(try pages() == 0)
    }

    @Test(
        "a place outside the arena is refused", arguments: [(4 << 20, 1), (0, (4 << 20) + 1), (.max, 2), (1, .max)] as [(UInt64, UInt64)])
    func bounds(offset: UInt64, size: UInt64) throws {
        let arena = try Arena.small()
        #expect(throws: ArenaError.outOfBounds(place(offset, size))) { try arena.view(place(offset, size)) }
        #expect(throws: ArenaError.outOfBounds(place(offset, size))) { try arena.openWindow(place(offset, size)) }
    }

    @Test("too little memory is an error before anything is taken")
    func memoryIsLookedAt() throws {
        let geometry = try ArenaGeometry(slabSize: 1 << 20, slabCount: 2)
        let arena = try Arena.create(geometry: geometry, nonce: nonce, probe: .fixed(total: 10 << 20, available: (2 << 20) - 1))
        #expect(throws: ArenaError.notEnoughMemory(needed: 1 << 20, available: (1 << 20) - 1)) { try arena.populate(slab: 0) }
        let enough = try Arena.create(geometry: geometry, nonce: nonce, probe: .fixed(total: 10 << 20, available: 2 << 20))
        try enough.populate(slab: 0)
    }

    @Test("the size of both memfds is sealed")
    func sealed() throws {
        let arena = try Arena.small()
        for descriptor in [arena.dataFD, arena.controlFD] {
            #expect(rf_size_is_sealed(descriptor) == 1)
            #expect(ftruncate(descriptor, 1 << 12) == -1 && errno == EPERM)
            #expect(ftruncate(descriptor, 1 << 30) == -1 && errno == EPERM)
        }
    }

    @Test("another session's memory is refused")
    func wrongNonce() throws {
        let arena = try Arena.small()
        #expect(throws: ArenaError.wrongNonce) {
            try Arena.attach(dataFD: arena.dataFD, controlFD: arena.controlFD, nonce: SessionNonce(high: 7, low: 8))
        }
    }

    @Test("a memfd without size seals is refused")
    func missingSeal() throws {
        let arena = try Arena.small()
        let loose = Descriptor(owning: rf_memfd_create("loose"))
        try #require(ftruncate(loose.raw, off_t(arena.geometry.dataSize)) == 0)
        #expect(throws: ArenaError.notSealed("data")) { try Arena.attach(dataFD: loose.raw, controlFD: arena.controlFD, nonce: nonce) }
        #expect(throws: ArenaError.notSealed("control")) { try Arena.attach(dataFD: arena.dataFD, controlFD: loose.raw, nonce: nonce) }
    }

    @Test("descriptors that are no memfd at all are refused")
    func strangeDescriptors() throws {
        let arena = try Arena.small()
        var pipe: [Int32] = [0, 0]
        try #require(rf_pipe_cloexec(&pipe) == 0)
        defer { for end in pipe { close(end) } }
        #expect(throws: ArenaError.notSealed("data")) { try Arena.attach(dataFD: pipe[0], controlFD: arena.controlFD, nonce: nonce) }
        #expect(throws: ArenaError.system(call: "fcntl(F_DUPFD_CLOEXEC)", code: EBADF)) {
            try Arena.attach(dataFD: -1, controlFD: arena.controlFD, nonce: nonce)
        }
    }

    @Test("control pages that say something else than this version says are refused", arguments: 0..<8)
    func badHeader(word: Int) throws {
        let arena = try Arena.small()
        let page = try Mapping(of: arena.control.raw, offset: 0, count: 4096, isWritable: true)
        for value in [0, 1 << 63, .max] as [UInt64] {
            rf_store_release_u64(page.base + word * 8, value)
            #expect(throws: ArenaError.self) { try Arena.attach(dataFD: arena.dataFD, controlFD: arena.controlFD, nonce: nonce) }
        }
    }

    @Test("swapped descriptors are refused")
    func swapped() throws {
        let arena = try Arena.small()
        #expect(throws: ArenaError.self) { try Arena.attach(dataFD: arena.controlFD, controlFD: arena.dataFD, nonce: nonce) }
    }

    @Test("windows on neighbours of 64 KiB and more share no page")
    func windowsDoNotMeet() throws {
        let ready = try ReadyStore(try Arena.small())
        for id in 1...6 as ClosedRange<UInt64> {
            _ = try ready.create(object(100 + id), size: 10)
            guard case .granted(let place) = try ready.create(object(id), size: 65_536 + Int(id)) else { throw UnexpectedResult() }
            #expect(place.offset % 4096 == 0)
        }
    }

    @Test("an object is not writable through the arena's mapping")
    func readOnlyMapping() async {
        await #expect(processExitsWith: .signal(SIGSEGV)) {
            let ready = try ReadyStore(try Arena.small())
            let place = try ready.put(object(1), size: 100_000, fill: 1)
            let view = try ready.store.arena.view(place)
            UnsafeMutableRawPointer(mutating: view.baseAddress!).storeBytes(of: 2, as: UInt8.self)
        }
    }

    @Test("a pin keeps the arena and its own pin until it is dropped")
    func objectPin() throws {
        let released = Counter()
        var pin: ObjectPin? = try {
            let ready = try ReadyStore(try Arena.small())
            let place = try ready.put(object(1), size: 1000, fill: 42)
            return try ObjectPin(place, in: ready.store.arena) { released.increase() }
        }()
        #expect(pin?.bytes[999] == 42 && pin?.count == 1000)
        #expect(released.value == 0)
        pin = nil
        #expect(released.value == 1)
    }

    @Test("a nonce survives its text form, and nothing else is one")
    func nonceText() {
        let nonce = SessionNonce(high: 0xab, low: .max)
        #expect(SessionNonce(nonce.description) == nonce)
        for text in [
            "", "0", String(repeating: "g", count: 32), String(repeating: "0", count: 33), "+" + String(repeating: "0", count: 31),
        ] {
            #expect(SessionNonce(text) == nil)
        }
    }
}
