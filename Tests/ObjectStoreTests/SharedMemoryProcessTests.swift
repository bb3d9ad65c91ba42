import CLinux
import Glibc
import RayflowCore
import Synchronization
import Testing

@testable import ObjectStore

/// Two real processes: the test is the raylet, its exit test's child is a worker that opens the memfds of its parent.
@Suite struct SharedMemoryProcessTests {
    /// What a worker is told: handed to the child of an exit test.
    private struct Link: Codable, Sendable {
        var dataFD: Int32
        var controlFD: Int32
        var nonce: String
        var process = 0
        var slot: UInt32 = 0
        var generation: UInt64 = 0
        var offset: UInt64 = 0
        var size: UInt64 = 0

        init(_ arena: Arena, process: Int = 0, place: ObjectPlace? = nil) {
            (dataFD, controlFD, nonce) = (arena.dataFD, arena.controlFD, arena.nonce.description)
            self.process = process
            guard let place else { return }
            (slot, generation, offset, size) = (place.slot, place.generation, place.offset, place.size)
        }

        var place: ObjectPlace { ObjectPlace(slot: slot, generation: generation, offset: offset, size: size) }

        func attach() throws -> Arena {
            func open(_ descriptor: Int32) throws -> Descriptor {
                let raw = rf_open("/proc/\(getppid())/fd/\(descriptor)", O_RDWR, 0)
                guard raw >= 0 else { throw ArenaError.system(call: "open", code: errno) }
                return Descriptor(owning: raw)
            }
            let data = try open(dataFD)
            let control = try open(controlFD)
            return try Arena.attach(dataFD: data.raw, controlFD: control.raw, nonce: SessionNonce(nonce) ?? SessionNonce(high: 0, low: 0))
        }
    }

    @Test("a worker writes in place, the raylet reads")
    func workerWrites() async throws {
        let ready = try ReadyStore(try Arena.small(nonce: SessionNonce(high: 1, low: 2)))
        guard case .granted(let place) = try ready.create(object(1), size: 300_000, client: 4) else { throw UnexpectedResult() }
        let link = Link(ready.store.arena, place: place)
        await #expect(processExitsWith: .success) { [link = link as Link] in
            let arena = try link.attach()
            try arena.write(link.place) { memory in
                for index in memory.indices { memory[index] = UInt8(truncatingIfNeeded: index &* 7) }
            }
        }
        let view = try ready.store.arena.view(try ready.seal(object(1), client: 4))
        #expect(view.indices.allSatisfy { view[$0] == UInt8(truncatingIfNeeded: $0 &* 7) })
    }

    @Test("a reader that is killed keeps its pin until the raylet hears of its death")
    func killedReader() async throws {
        let ready = try ReadyStore(try Arena.small(slabs: 1, nonce: SessionNonce(high: 3, low: 4)))
        let process = try ready.store.assignProcess(to: 4)
        let place = try ready.put(object(1), size: 900_000, fill: 17)
        let link = Link(ready.store.arena, process: process, place: place)
        await #expect(processExitsWith: .signal(SIGKILL)) { [link = link as Link] in
            let arena = try link.attach()
            let page = try PinPage(arena, process: link.process)
            guard page.pin(link.place), page.entry(of: link.slot)?.place == link.place else { return }
            guard try arena.view(link.place).allSatisfy({ $0 == 17 }) else { return }
            kill(getpid(), SIGKILL)
        }
        try ready.delete(object(1))
        guard case .full = try ready.create(object(2), size: 900_000) else { throw UnexpectedResult() }
        try ready.clientDied(4)
        guard case .granted = try ready.create(object(2), size: 900_000) else { throw UnexpectedResult() }
    }

    @Test("a sealed object cannot be written through a worker's mapping")
    func workerCannotWriteSealed() async throws {
        let ready = try ReadyStore(try Arena.small(nonce: SessionNonce(high: 5, low: 6)))
        let place = try ready.put(object(1), size: 300_000, fill: 1)
        let link = Link(ready.store.arena, place: place)
        await #expect(processExitsWith: .signal(SIGSEGV)) { [link = link as Link] in
            let arena = try link.attach()
            let view = try arena.view(link.place)
            UnsafeMutableRawPointer(mutating: view.baseAddress!).storeBytes(of: 2, as: UInt8.self)
        }
        #expect(try ready.store.arena.view(place)[0] == 1)
    }

    @Test("a reader that is killed in the middle of its reads holds what it had pinned by ID until the raylet hears of its death")
    func killedReaderByID() async throws {
        let ready = try ReadyStore(try Arena.small(slabs: 1, nonce: SessionNonce(high: 3, low: 5)))
        let process = try ready.store.assignProcess(to: 4)
        for id in 1...4 as ClosedRange<UInt64> { _ = try ready.put(object(id), size: 200_000, fill: UInt8(id)) }
        let link = Link(ready.store.arena, process: process)
        await #expect(processExitsWith: .signal(SIGKILL)) { [link = link as Link] in
            let arena = try link.attach()
            let page = try PinPage(arena, process: link.process)
            for turn in 0..<20_000 as Range<UInt64> {
                guard let place = page.pin(object(1 + turn % 4)) else { exit(3) }
                guard try arena.view(place)[Int(turn)] == UInt8(1 + turn % 4) else { exit(4) }
                page.unpin(place)
            }
            for id in 2...4 as ClosedRange<UInt64> where page.pin(object(id)) == nil { exit(5) }
            kill(getpid(), SIGKILL)
        }
        for id in 1...4 as ClosedRange<UInt64> { try ready.delete(object(id)) }
        try ready.tick()
        #expect(ready.store.statistics.retiredObjects == 3)
        guard case .full = try ready.create(object(5), size: 900_000) else { throw UnexpectedResult() }
        try ready.clientDied(4)
        guard case .granted = try ready.create(object(5), size: 900_000) else { throw UnexpectedResult() }
    }

    @Test("readers that look objects up never see another one's bytes, while names and slots come and go as fast as they can")
    func lookupRace() async throws {
        let ready = try ReadyStore(try Arena.small(slabs: 1, nonce: SessionNonce(high: 8, low: 9)))
        let isDone = Counter()
        let links = try (4...5 as ClosedRange<UInt64>).map {
            Link(ready.store.arena, process: try ready.store.assignProcess(to: $0))
        }
        async let first: Void = reads(links[0], isDone)
        async let second: Void = reads(links[1], isDone)
        var version: UInt64 = 0
        var live: [UInt64] = []
        var random = SplitMix(seed: 6)
        while isDone.value < 2 {
            version += 1
            let id = 1 + random.next() % Self.names
            if let index = live.firstIndex(of: id) {
                try ready.delete(object(live.remove(at: index)))
                if version % 8 == 0 { try ready.sweep() }
            } else if live.count < 6, case .granted(let place) = try ready.create(object(id), size: Int(64 + random.next() % 32 * 64)) {
                let stamp = id << 48 | version
                try ready.store.arena.write(place) { memory in
                    for word in 0..<memory.count / 8 { memory.storeBytes(of: stamp, toByteOffset: word * 8, as: UInt64.self) }
                }
                _ = try ready.seal(object(id))
                live.append(id)
            }
            if version % 64 == 0 { await Task.yield() }
        }
        _ = await (first, second)
        for id in live { try ready.delete(object(id)) }
        for client in 4...5 as ClosedRange<UInt64> { try ready.clientDied(client) }
        #expect(ready.store.statistics.usedBytes == 0)
    }

    private static let names: UInt64 = 12

    /// A process whose threads look objects up, and compare what they get with the name.
    private func reads(_ link: Link, _ isDone: Counter) async {
        await #expect(processExitsWith: .success) { [link = link as Link] in
            let arena = try link.attach()
            let page = try PinPage(arena, process: link.process)
            await withTaskGroup { group in
                for thread in 0..<2 as Range<UInt64> {
                    group.addTask {
                        var random = SplitMix(seed: thread)
                        var count = 0
                        while count < 3_000 {
                            let id = 1 + random.next() % Self.names
                            guard let place = page.pin(object(id)) else { continue }
                            guard let view = try? arena.view(place) else { exit(3) }
                            let words = view.bindMemory(to: UInt64.self)
                            guard let stamp = words.first, stamp >> 48 == id else { exit(4) }
                            guard words.allSatisfy({ $0 == stamp }) else { exit(5) }
                            page.unpin(place)
                            count += 1
                        }
                    }
                }
            }
        }
        isDone.increase()
    }

    @Test("what a reader has pinned never changes while the raylet deletes and reuses space as fast as it can")
    func pinRace() async throws {
        let ready = try ReadyStore(try Arena.small(slabs: 1, nonce: SessionNonce(high: 8, low: 8)))
        let process = try ready.store.assignProcess(to: 4)
        let link = Link(ready.store.arena, process: process)
        let isDone = Counter()
        async let reader: Void = {
            await #expect(processExitsWith: .success) { [link = link as Link] in
                let arena = try link.attach()
                let page = try PinPage(arena, process: link.process)
                var pinned = 0
                var slot: UInt32 = 0
                while pinned < 20_000 {
                    slot = (slot + 1) % 8
                    guard let entry = page.entry(of: slot), entry.state == .sealed, page.pin(entry.place) else { continue }
                    let words = try arena.view(entry.place).bindMemory(to: UInt64.self)
                    let stamp = entry.place.generation << 32 | UInt64(slot)
                    guard words.allSatisfy({ $0 == stamp }) else { exit(3) }
                    page.unpin(entry.place)
                    pinned += 1
                }
            }
            isDone.increase()
        }()

        var next: UInt64 = 1
        var live: [ObjectID] = []
        var random = SplitMix(seed: 5)
        while isDone.value == 0 {
            if live.count < 5 {
                let id = object(next)
                next += 1
                if case .granted(let place) = try ready.create(id, size: 2048) {
                    let stamp = place.generation << 32 | UInt64(place.slot)
                    try ready.store.arena.write(place) { memory in
                        for word in memory.bindMemory(to: UInt64.self).indices {
                            memory.storeBytes(of: stamp, toByteOffset: word * 8, as: UInt64.self)
                        }
                    }
                    _ = try ready.seal(id)
                    live.append(id)
                }
            } else {
                try ready.delete(live.remove(at: Int(random.next() % 5)))
                // Slots that were pinned at that moment come back, so that the reader finds objects under the few that it looks at.
                try ready.sweep()
            }
            if next % 64 == 0 { await Task.yield() }
        }
        await reader
        for id in live { try ready.delete(id) }
        try ready.clientDied(4)
        #expect(ready.store.statistics.usedBytes == 0)
    }
}
