import RayflowCore
import Testing

@testable import ObjectStore

@Suite struct ControlPagesTests {
    private func entry(_ slot: UInt32, _ generation: UInt64, _ state: IndexEntry.State) -> IndexEntry {
        IndexEntry(object: object(UInt64(slot)), place: ObjectPlace(slot: slot, generation: generation, offset: 64, size: 10), state: state)
    }

    @Test("readers see what the raylet published")
    func publishing() throws {
        let arena = try Arena.small()
        let control = try ControlPages(arena)
        let page = try PinPage(arena, process: try control.assignProcess())
        #expect(page.entry(of: 5) == nil)
        try control.write(entry(5, 2, .open))
        #expect(page.entry(of: 5) == entry(5, 2, .open))
        try control.write(entry(5, 2, .sealed))
        #expect(page.entry(of: 5) == entry(5, 2, .sealed))
        #expect(page.entry(of: 4096) == nil && page.entry(of: .max) == nil)
        try control.write(entry(4095, 8, .sealed))
        #expect(page.entry(of: 4095)?.place.generation == 8)
    }

    @Test("only a sealed object of the asked generation can be pinned")
    func pinning() throws {
        let arena = try Arena.small()
        let control = try ControlPages(arena)
        let page = try PinPage(arena, process: try control.assignProcess())
        try control.write(entry(5, 2, .open))
        #expect(!page.pin(slot: 5, generation: 2) && !control.scanPins(5))
        try control.write(entry(5, 2, .sealed))
        #expect(!page.pin(slot: 5, generation: 4) && !page.pin(slot: 6, generation: 2) && !page.pin(slot: .max, generation: 2))
        #expect(control.look().holders.isEmpty)
        #expect(page.pin(slot: 5, generation: 2))
        #expect(control.scanPins(5) && !control.scanPins(6) && control.look().holders == [5: [0]])
        try control.write(entry(5, 4, .retired))
        #expect(!page.pin(slot: 5, generation: 2) && !page.pin(slot: 5, generation: 4))
        #expect(control.scanPins(5), "the pin of the generation before still holds")
        page.unpin(slot: 5, generation: 2)
        #expect(!control.scanPins(5))
    }

    @Test("pins are counted")
    func counting() throws {
        let arena = try Arena.small()
        let control = try ControlPages(arena)
        let page = try PinPage(arena, process: try control.assignProcess())
        try control.write(entry(0, 2, .sealed))
        #expect(page.pin(slot: 0, generation: 2) && page.pin(slot: 0, generation: 2))
        page.unpin(slot: 0, generation: 2)
        #expect(control.scanPins(0))
        page.unpin(slot: 0, generation: 4)
        #expect(control.scanPins(0))
        page.unpin(slot: 0, generation: 2)
        page.unpin(slot: 0, generation: 2)
        #expect(!control.scanPins(0))
    }

    @Test("what was let go of is told once, and a pin in its place is not touched")
    func use() throws {
        let arena = try Arena.small()
        let control = try ControlPages(arena)
        let page = try PinPage(arena, process: try control.assignProcess())
        for slot in 4...6 as ClosedRange<UInt32> { try control.write(entry(slot, 2, .sealed)) }
        #expect(page.pin(slot: 4, generation: 2) && page.pin(slot: 5, generation: 2))
        page.unpin(slot: 4, generation: 2)
        #expect(control.look().used == [4])
        #expect(control.look().used.isEmpty && control.look().holders == [5: [0]])
        page.unpin(slot: 5, generation: 2)
        #expect(page.pin(slot: 6, generation: 2))
        #expect(control.look().holders == [6: [0]])
    }

    @Test("an object whose buckets are all taken is not shown, and the others are found")
    func crowdedBuckets() throws {
        let arena = try Arena.small()
        let control = try ControlPages(arena)
        let page = try PinPage(arena, process: try control.assignProcess())
        let count = ControlLayout.bucketCount(of: arena.geometry)
        let crowd = (0..<UInt64.max).lazy.map { object($0) }.filter { ControlLayout.hash($0) & UInt64(count - 1) == 17 }
        let objects = Array(crowd.prefix(StoreLimits.bucketReach + 1))
        for (slot, id) in objects.enumerated() {
            let place = ObjectPlace(slot: UInt32(slot), generation: 2, offset: UInt64(slot) * 64, size: 10)
            try control.write(IndexEntry(object: id, place: place, state: .sealed))
        }
        #expect(objects.map { page.pin($0)?.slot } == Array(0..<UInt32(StoreLimits.bucketReach)) + [nil])
        let mark = ObjectPlace(slot: 3, generation: 4, offset: 0, size: 0)
        try control.write(IndexEntry(object: objects[3], place: mark, state: .retired))
        #expect(page.pin(objects[3]) == nil && page.pin(objects[4]) != nil)
    }

    @Test("a full page says no, and takes pins again when one is gone")
    func fullPage() throws {
        let arena = try Arena.small()
        let control = try ControlPages(arena)
        let page = try PinPage(arena, process: try control.assignProcess())
        for slot in 0...UInt32(StoreLimits.pinsPerProcess) { try control.write(entry(slot, 2, .sealed)) }
        for slot in 0..<UInt32(StoreLimits.pinsPerProcess) { #expect(page.pin(slot: slot, generation: 2)) }
        let last = UInt32(StoreLimits.pinsPerProcess)
        #expect(!page.pin(slot: last, generation: 2))
        #expect(control.look().holders.count == StoreLimits.pinsPerProcess)
        page.unpin(slot: 17, generation: 2)
        #expect(page.pin(slot: last, generation: 2) && control.scanPins(last) && !control.scanPins(17))
    }

    @Test("pin pages are given out once, cleaned, and come back")
    func processes() throws {
        let arena = try Arena.small()
        let control = try ControlPages(arena)
        let all = try (0..<8).map { _ in try control.assignProcess() }
        #expect(all == Array(0..<8))
        #expect(throws: ArenaError.noPinPage(limit: 8)) { try control.assignProcess() }
        try control.write(entry(3, 2, .sealed))
        let first = try PinPage(arena, process: 2)
        let second = try PinPage(arena, process: 5)
        #expect(first.pin(slot: 3, generation: 2) && second.pin(slot: 3, generation: 2))
        control.releaseProcess(2)
        #expect(control.scanPins(3))
        control.dropPins(of: 5)
        #expect(!control.scanPins(3))
        #expect(try control.assignProcess() == 2)
        control.releaseProcess(99)
        #expect(throws: ArenaError.noSuchPinPage(8)) { try PinPage(arena, process: 8) }
    }

    @Test("what a process shows that it does is seen until its page is another's", arguments: [true, false])
    func activity(isRetriable: Bool) throws {
        let arena = try Arena.small()
        let control = try ControlPages(arena)
        let process = try control.assignProcess()
        let page = try PinPage(arena, process: process)
        #expect(control.activity(of: process) == .idle)
        page.show(.running(since: 1 << 50, isRetriable: isRetriable))
        #expect(control.activity(of: process) == .running(since: 1 << 50, isRetriable: isRetriable))
        page.show(.running(since: 0, isRetriable: isRetriable))
        #expect(control.activity(of: process) == .running(since: 1, isRetriable: isRetriable))
        page.show(.idle)
        #expect(control.activity(of: process) == .idle)
        page.show(.running(since: 7, isRetriable: isRetriable))
        control.releaseProcess(process)
        #expect(try control.assignProcess() == process)
        #expect(control.activity(of: process) == .idle)
        #expect(control.look().holders.isEmpty)
    }

    @Test("garbage on a pin page keeps space at most, and hurts nobody")
    func garbage() throws {
        let arena = try Arena.small()
        let control = try ControlPages(arena)
        let process = try control.assignProcess()
        let page = try Mapping(
            of: arena.control.raw, offset: ControlLayout.pinPageOffset(process, of: arena.geometry), count: 4096, isWritable: true)
        page.base.initializeMemory(as: UInt8.self, repeating: 0xff, count: 4096)
        #expect(Array(control.look().holders.keys) == [UInt32.max - 1])
        control.releaseProcess(process)
        #expect(control.look().holders.isEmpty)
    }
}
