import Synchronization
import Testing

@testable import ObjectStore

@Suite struct ChunkAssemblerTests {
    private final class Target: Sendable {
        nonisolated(unsafe) let memory: UnsafeMutableRawBufferPointer
        let released = Counter()
        init(_ size: Int) {
            memory = .allocate(byteCount: size, alignment: 64)
            memory.initializeMemory(as: UInt8.self, repeating: 0)
        }
        var room: ChunkAssembler.Room { ChunkAssembler.Room(memory: memory) { self.released.increase() } }
        deinit { memory.deallocate() }
    }

    private func chunks(of raw: [UInt8], size: Int) -> [[UInt8]] {
        raw.withUnsafeBytes { bytes in
            let reader = ChunkReader(object(1), bytes, chunkSize: size)
            return (0..<reader.plan.count).map { reader.chunk(at: $0).encoded }
        }
    }

    private func sample(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) } }

    @Test("a plan covers every byte once", arguments: [0, 1, 99, 100, 101, 1000, 12_345])
    func plan(size: Int) {
        let plan = ChunkPlan(totalSize: size, chunkSize: 100)
        let ranges = (0..<plan.count).map { plan.range(of: $0) }
        #expect(ranges.flatMap { Array($0) } == Array(0..<size))
        #expect(ranges.dropLast().allSatisfy { $0.count == 100 })
        #expect(ChunkPlan(totalSize: 12 << 20).count == 3)
    }

    @Test("parts in any order, some twice, give the object", arguments: 1...5 as ClosedRange<UInt64>)
    func anyOrder(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let raw = sample(10_050)
        let parts = chunks(of: raw, size: 1000)
        let target = Target(raw.count)
        let assembler = ChunkAssembler(object(1), target.room, chunkSize: 1000)
        var order = Array(0..<parts.count) + (0..<4).map { _ in Int(random.next() % UInt64(parts.count)) }
        order.shuffle(using: &random)
        var seen = Set<Int>()
        for index in order {
            let progress = try assembler.accept(parts[index], at: index)
            let left = parts.count - seen.count - 1
            #expect(progress == (seen.insert(index).inserted ? (left == 0 ? .complete : .missing(left)) : .duplicate))
            #expect(assembler.gaps == (0..<parts.count).filter { !seen.contains($0) })
        }
        #expect(assembler.isComplete && Array(target.memory) == raw && target.released.value == 0)
        #expect(assembler.finish() && !assembler.finish())
        #expect(target.released.value == 1)
    }

    @Test("a gap keeps the object unfinished")
    func gap() throws {
        let parts = chunks(of: sample(3000), size: 1000)
        let target = Target(3000)
        let assembler = ChunkAssembler(object(1), target.room, chunkSize: 1000)
        _ = try assembler.accept(parts[0], at: 0)
        _ = try assembler.accept(parts[2], at: 2)
        #expect(!assembler.isComplete && !assembler.finish() && assembler.gaps == [1] && target.released.value == 0)
    }

    @Test("what is missing is told in stretches; when they are too many, the last one takes in the rest")
    func missing() throws {
        let raw = sample(10_000)
        let parts = chunks(of: raw, size: 1000)
        let assembler = ChunkAssembler(object(1), Target(raw.count).room, chunkSize: 1000)
        #expect(assembler.missing(limit: 4) == [] && assembler.there == [], "all of it")
        for index in [0, 3, 4, 7] { _ = try assembler.accept(parts[index], at: index) }
        #expect(assembler.missing(limit: 4) == [1..<3, 5..<7, 8..<10] && assembler.there == [0, 3, 4, 7])
        #expect(assembler.missing(limit: 2) == [1..<3, 5..<10])
    }

    @Test("a sound part of another place, of another object or of one of another size is not taken")
    func otherPlaces() throws {
        let raw = sample(3000)
        let target = Target(3000)
        let assembler = ChunkAssembler(object(1), target.room, chunkSize: 1000)
        let other = raw.withUnsafeBytes { ChunkReader(object(2), $0, chunkSize: 1000).chunk(at: 0).encoded }
        #expect(throws: ChunkFault.self) { try assembler.accept(other, at: 0) }
        #expect(throws: ChunkFault.self) { try assembler.accept(chunks(of: raw, size: 1000)[1], at: 0) }
        #expect(throws: ChunkFault.self) { try assembler.accept(chunks(of: raw + [0], size: 1000)[0], at: 0) }
        #expect(assembler.gaps == [0, 1, 2])
    }

    @Test("a faulty part stays missing and may come again")
    func faultyPart() throws {
        let parts = chunks(of: sample(1500), size: 1000)
        let target = Target(1500)
        let assembler = ChunkAssembler(object(1), target.room, chunkSize: 1000)
        var bad = parts[0]
        bad[bad.count - 1] ^= 1
        #expect(throws: ChunkFault.self) { try assembler.accept(bad, at: 0) }
        #expect(throws: ChunkFault.self) { try assembler.accept(parts[0], at: 1) }
        for index in [-1, 2] { #expect(throws: ChunkFault.badIndex(index, count: 2)) { try assembler.accept(parts[0], at: index) } }
        #expect(assembler.gaps == [0, 1])
        _ = try assembler.accept(parts[0], at: 0)
        #expect(try assembler.accept(parts[1], at: 1) == .complete)
    }

    @Test("an abort lets the room go, once, and later parts are refused")
    func abort() throws {
        let parts = chunks(of: sample(2000), size: 1000)
        let target = Target(2000)
        let assembler = ChunkAssembler(object(1), target.room, chunkSize: 1000)
        _ = try assembler.accept(parts[0], at: 0)
        assembler.abort()
        assembler.abort()
        #expect(target.released.value == 1)
        #expect(throws: ChunkFault.aborted) { try assembler.accept(parts[1], at: 1) }
        #expect(!assembler.isComplete && !assembler.finish())
    }

    @Test("a forgotten transfer lets its room go")
    func forgotten() {
        let target = Target(10)
        do { _ = ChunkAssembler(object(1), target.room) }
        #expect(target.released.value == 1)
    }

    @Test("many threads put parts in and one gives up, and the room goes exactly once", arguments: 0..<20)
    func threads(round: Int) async {
        let raw = sample(64_000)
        let parts = chunks(of: raw, size: 1000)
        let target = Target(raw.count)
        let assembler = ChunkAssembler(object(1), target.room, chunkSize: 1000)
        await withTaskGroup { group in
            for half in 0..<4 {
                group.addTask {
                    for index in parts.indices where index % 2 == half % 2 { _ = try? assembler.accept(parts[index], at: index) }
                }
            }
            if round % 2 == 0 { group.addTask { assembler.abort() } }
        }
        if round % 2 == 0 {
            #expect(target.released.value == 1)
        } else {
            #expect(assembler.isComplete && Array(target.memory) == raw && assembler.finish() && target.released.value == 1)
        }
    }

    @Test("an empty object is one empty part")
    func empty() throws {
        let assembler = ChunkAssembler(object(1), Target(0).room)
        #expect(try assembler.accept(chunks(of: [], size: 1)[0], at: 0) == .complete)
    }

    @Test("a window on the arena is a room")
    func window() throws {
        let ready = try ReadyStore(try Arena.small())
        let raw = sample(300_000)
        guard case .granted(let place) = try ready.create(object(1), size: raw.count) else { throw UnexpectedResult() }
        let assembler = ChunkAssembler(object(1), ChunkAssembler.Room(try ready.store.arena.openWindow(place)), chunkSize: 65_536)
        for (index, part) in chunks(of: raw, size: 65_536).enumerated() { _ = try assembler.accept(part, at: index) }
        #expect(assembler.finish())
        #expect(Array(try ready.store.arena.view(try ready.seal(object(1)))) == raw)
    }
}
