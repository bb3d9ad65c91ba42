import CLinux
import Glibc
import RayflowCore
import Testing

@testable import ObjectStore

/// Objects that go to files and come back, and everything that can happen to those files.
@Suite struct SpillTests {
    @Test("a data set eight times as large as the store is read back byte by byte in random order, within the memory of the store")
    func eightTimes() throws {
        let texts = try Texts.load()
        let folder = try Folder()
        let arena = try Arena.small(slabs: 8, slabSize: 1 << 20)
        let ready = try ReadyStore(arena, rules: .tested(), folder: folder.spill)
        var random = SplitMix(seed: 8)
        var written = 0
        var count: UInt64 = 0
        var most = 0
        func look() {
            let now = ready.store.statistics
            most = max(most, now.usedBytes)
            #expect(now.slabsReady <= 8 && now.usedBytes + now.freeBytes == now.slabsReady << 20)
        }
        while written < 8 * arena.geometry.dataSize {
            count += 1
            let bytes = Texts.content(of: count, in: texts)
            guard case .granted(let place) = try ready.create(object(count), size: bytes.count) else { throw UnexpectedResult() }
            try arena.write(place) { $0.copyBytes(from: bytes) }
            _ = try ready.seal(object(count))
            written += bytes.count
            look()
        }
        let full = ready.store.statistics
        #expect(full.warmObjects > 0 && full.coldObjects > 0 && full.objects == Int(count))
        #expect(full.warmBytes + full.requestedBytes <= full.usedBytes && full.coldBytes == full.spillBytes)
        #expect(full.coldBytes < written / 10 * 9, "what is text takes less room")
        for _ in 0..<2 {
            for id in (1...count).shuffled(using: &random) {
                guard case .pinned(let place) = try ready.open(object(id)) else { throw UnexpectedResult() }
                #expect(Array(try arena.view(place)) == Texts.content(of: id, in: texts), "object \(id)")
                try ready.unpin(object(id))
                look()
            }
        }
        #expect(most <= arena.geometry.dataSize && arena.residentBytes <= arena.geometry.dataSize)
        // What the disk holds is what the store says, to the block.
        let spilled = ready.store.statistics
        #expect(folder.spill.diskBytes <= spilled.spillBytes + 64 * StoreLimits.pageSize)
        #expect(folder.spill.diskBytes >= spilled.spillBytes / 2)
        for id in 1...count { try ready.delete(object(id)) }
        let rest = ready.store.statistics
        #expect(rest.objects == 0 && rest.usedBytes == 0 && rest.spillBytes == 0 && rest.spillFiles == 0)
        #expect(folder.spill.diskBytes == 0)
    }

    @Test("under churn the disk holds what the live objects take and no more")
    func churn() throws {
        let folder = try Folder()
        let ready = try ReadyStore(try Arena.small(slabs: 2), rules: .tested(), folder: folder.spill)
        var random = SplitMix(seed: 3)
        var live: [UInt64] = []
        var most = 0
        for id in 1...600 as ClosedRange<UInt64> {
            let size = 100_000 + Int(random.next() % 200_000)
            guard case .granted(let place) = try ready.create(object(id), size: size) else { throw UnexpectedResult() }
            try ready.store.arena.write(place) { Texts.noise(seed: id, into: $0) }
            _ = try ready.seal(object(id))
            live.append(id)
            if live.count > 20 { try ready.delete(object(live.remove(at: Int(random.next() % UInt64(live.count))))) }
            most = max(most, folder.spill.diskBytes)
            let now = ready.store.statistics
            #expect(folder.spill.diskBytes <= now.spillBytes + 16 * StoreLimits.pageSize)
        }
        // 21 objects of at most 300,000 bytes.
        #expect(most <= 21 * (300_000 + StoreLimits.pageSize))
        for id in live { try ready.delete(object(id)) }
        #expect(folder.spill.diskBytes == 0 && ready.store.statistics.spillFiles == 0)
    }

    // MARK: - Damage

    @Test("any flipped byte of a spill file is noticed, and the object is lost, never wrong")
    func flipped() throws {
        let texts = try Texts.load()
        let folder = try Folder()
        let region = try folder.spilled(Array(texts.prefix(3000)))
        for at in 0..<region.count {
            try folder.flip(region.offset + at)
            #expect(throws: TierFault.self, "byte \(at)") { try folder.restored(3000) }
            try folder.flip(region.offset + at)
        }
        #expect(try folder.restored(3000) == Array(texts.prefix(3000)))
    }

    @Test("a byte flipped in a packed object in memory is noticed")
    func flippedInMemory() throws {
        let texts = try Texts.load()
        let arena = try Arena.small(slabs: 1)
        try arena.populate(slab: 0)
        let raw = Array(texts.prefix(3000))
        let hot = ObjectPlace(slot: 0, generation: 2, offset: 0, size: 3000)
        try arena.write(hot) { $0.copyBytes(from: raw) }
        let mover = TierMover(arena, nil)
        let packed = try mover.run(
            TierMove(number: 1, object: object(1), size: 3000, source: .hot(hot), target: .warm(offset: 8192, count: 2700)))
        let warm = ObjectPlace(slot: 0, generation: 0, offset: 8192, size: UInt64(packed.count))
        let target = ObjectPlace(slot: 1, generation: 2, offset: 16384, size: 3000)
        let back = TierMove(
            number: 2, object: object(1), size: 3000, source: .warm(offset: 8192, count: packed.count), target: .hot(target),
            checksum: packed.checksum)
        for at in 0..<packed.count {
            try arena.write(warm) { $0[at] ^= 0x10 }
            #expect(throws: TierFault.self, "byte \(at)") { try mover.run(back) }
            try arena.write(warm) { $0[at] ^= 0x10 }
        }
        #expect(try mover.run(back).checksum == packed.checksum)
        #expect(Array(try arena.view(target)) == raw)
    }

    @Test("another object's bytes, sound in themselves, are not taken for it")
    func misplaced() throws {
        let texts = try Texts.load()
        let folder = try Folder()
        _ = try folder.spilled(Array(texts.prefix(3000)))
        let own = folder.checksum
        let region = try folder.spilled(Array(texts.dropFirst(3000).prefix(3000)))
        folder.checksum = own
        #expect(throws: TierFault.self) { try folder.restored(3000) }
        #expect(region.offset == 0)
    }

    @Test("a spill file that was cut is a loss that the reader hears of, and the store goes on")
    func truncated() throws {
        let folder = try Folder()
        let ready = try ReadyStore(try Arena.small(slabs: 2), rules: .tested(), folder: folder.spill)
        let ids = try ready.fill(folder: folder, objects: 12)
        let file = try #require(folder.spill.descriptor(of: 0))
        #expect(ftruncate(file, 100) == 0)
        var lost = 0
        for id in ids {
            switch try ready.open(object(id)) {
            case .pinned(let place):
                #expect(Array(try ready.store.arena.view(place)) == Texts.noise(seed: id, count: 300_000))
                try ready.unpin(object(id))
            case .lost(let why):
                #expect(why.contains("ends at byte"))
                lost += 1
                #expect(!ready.store.contains(object(id)))
            case .full, .pending: throw UnexpectedResult()
            }
        }
        #expect(lost > 0 && ready.store.statistics.damaged == lost)
        // The name is free again for who computes it anew.
        for id in ids where !ready.store.contains(object(id)) {
            guard case .granted(let place) = try ready.create(object(id), size: 300_000) else { throw UnexpectedResult() }
            try ready.store.arena.write(place) { Texts.noise(seed: id, into: $0) }
            _ = try ready.seal(object(id))
        }
        for id in ids { try ready.delete(object(id)) }
        #expect(ready.store.statistics.usedBytes == 0 && ready.store.statistics.spillBytes == 0)
    }

    // MARK: - No room on disk

    @Test("a folder that is cleared under a running store takes nothing away")
    func folderCleared() throws {
        let folder = try Folder()
        let ready = try ReadyStore(try Arena.small(slabs: 2), rules: .tested(), folder: folder.spill)
        let ids = try ready.fill(folder: folder, objects: 12)
        folder.removeSpillFolder()
        for id in ids {
            guard case .pinned(let place) = try ready.open(object(id)) else { throw UnexpectedResult() }
            #expect(Array(try ready.store.arena.view(place)) == Texts.noise(seed: id, count: 300_000))
            try ready.unpin(object(id))
        }
    }

    @Test("without a usable folder a full store refuses after a while, says why, and keeps what it has")
    func folderGone() throws {
        let spill = SpillFolder(path: "/nowhere/at/all", rules: .tested())
        let ready = try ReadyStore(try Arena.small(slabs: 2), rules: .tested(), folder: spill)
        for id in 1...6 as ClosedRange<UInt64> {
            guard case .granted(let place) = try ready.create(object(id), size: 300_000) else { throw UnexpectedResult() }
            try ready.store.arena.write(place) { Texts.noise(seed: id, into: $0) }
            _ = try ready.seal(object(id))
        }
        let report = try ready.refused(object(7), size: 300_000)
        guard case .noSpill(let why) = report.reason else { throw UnexpectedResult() }
        #expect(why.contains("/nowhere/at/all: No such file or directory"))
        #expect(report.description.contains("nothing more can be spilled"))
        for id in 1...6 as ClosedRange<UInt64> {
            guard case .pinned(let place) = try ready.open(object(id)) else { throw UnexpectedResult() }
            #expect(Array(try ready.store.arena.view(place)) == Texts.noise(seed: id, count: 300_000))
        }
    }

    @Test("a full disk is an error that says so, nothing is lost, and space on it lets the store go on")
    func fullDisk() throws {
        let folder = try Folder()
        guard mount("none", folder.path, "tmpfs", 0, "size=1m") == 0 else {
            return print("full disk: skipped, this user may not mount a tmpfs")
        }
        defer { umount2(folder.path, Int32(MNT_DETACH)) }
        let spill = SpillFolder(path: folder.path + "/spill", rules: .tested(), fullPercent: 100)
        let ready = try ReadyStore(try Arena.small(slabs: 2), rules: .tested(), folder: spill)
        var made: [UInt64] = []
        for id in 1...20 as ClosedRange<UInt64> {
            guard case .granted(let place) = try ready.createOrWait(object(id), size: 300_000) else { break }
            try ready.store.arena.write(place) { Texts.noise(seed: id, into: $0) }
            _ = try ready.seal(object(id))
            made.append(id)
        }
        #expect(made.count > 6 && made.count < 12)
        let report = try ready.refused(object(50), size: 300_000)
        guard case .diskFull = report.reason else { Issue.record("\(report)"); return }
        #expect(report.description.contains("No space left on device") || report.description.contains("is the limit"))
        for id in made.prefix(4) { try ready.delete(object(id)) }
        for _ in 0...StoreLimits.spillRetryTicks { try ready.tick() }
        guard case .granted(let place) = try ready.createOrWait(object(51), size: 300_000) else { throw UnexpectedResult() }
        try ready.store.arena.write(place) { Texts.noise(seed: 51, into: $0) }
        _ = try ready.seal(object(51))
        for id in made.dropFirst(4) + [51] {
            guard case .pinned(let place) = try ready.open(object(id)) else { throw UnexpectedResult() }
            #expect(Array(try ready.store.arena.view(place)) == Texts.noise(seed: id, count: 300_000))
            try ready.unpin(object(id))
        }
    }

    @Test("a disk that is fuller than its limit is not filled up")
    func threshold() throws {
        let folder = try Folder()
        let spill = SpillFolder(path: folder.path, rules: .tested(), fullPercent: 0)
        let ready = try ReadyStore(try Arena.small(slabs: 1), rules: .tested(), folder: spill)
        for id in 1...3 as ClosedRange<UInt64> {
            guard case .granted(let place) = try ready.create(object(id), size: 300_000) else { throw UnexpectedResult() }
            try ready.store.arena.write(place) { Texts.noise(seed: id, into: $0) }
            _ = try ready.seal(object(id))
        }
        let report = try ready.refused(object(4), size: 300_000)
        guard case .diskFull(let why) = report.reason else { throw UnexpectedResult() }
        #expect(why.contains("0 % is the limit"))
    }
}

// MARK: - Parts

extension TierRules {
    /// Short waits and small files.
    static func tested() -> TierRules {
        var rules = TierRules()
        rules.spillFileSize = 1 << 20
        rules.waitTicks = 2
        return rules
    }
}

extension ReadyStore {
    func createOrWait(_ id: ObjectID, size: Int) throws -> CreateResult {
        let result = try create(id, size: size)
        guard case .pending(let ticket) = result else { return result }
        for _ in 0...StoreLimits.roomWaitLimitTicks {
            if let answer = woken.removeValue(forKey: ticket) { return answer }
            try tick()
        }
        throw UnexpectedResult()
    }

    func refused(_ id: ObjectID, size: Int) throws -> StoreFullReport {
        guard case .full(let report) = try createOrWait(id, size: size) else { throw UnexpectedResult() }
        return report
    }

    /// Objects of 300,000 bytes without a pattern, more than there is room for.
    fileprivate func fill(folder: Folder, objects count: UInt64) throws -> [UInt64] {
        for id in 1...count {
            guard case .granted(let place) = try create(object(id), size: 300_000) else { throw UnexpectedResult() }
            try store.arena.write(place) { Texts.noise(seed: id, into: $0) }
            _ = try seal(object(id))
        }
        #expect(store.statistics.coldObjects > 0)
        return Array(1...count)
    }
}

extension Arena {
    /// Pages of the data that have memory behind them.
    var residentBytes: Int {
        var status = stat()
        return fstat(dataFD, &status) == 0 ? Int(status.st_blocks) * 512 : 0
    }
}

/// Content of any size: real text, or bytes without a pattern.
private enum Texts {
    static func load() throws -> [UInt8] {
        guard let data = getenv("RAYFLOW_TEST_DATA") else { return made() }
        var all: [UInt8] = []
        for name in ["fhs-3.0.txt", "vim-eval.txt", "vim-options.txt", "policy-source.rst"] {
            guard let file = fopen(String(cString: data) + "/texts/" + name, "r") else { throw UnexpectedResult() }
            defer { fclose(file) }
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = fread(&buffer, 1, buffer.count, file)
                guard count > 0 else { break }
                all += buffer[..<count]
            }
        }
        return all
    }

    /// Without the test data: lines of words.
    private static func made() -> [UInt8] {
        var random = SplitMix(seed: 1)
        let words = ["object", "store", "spill", "the", "a", "of", "memory", "worker", "task", "is", "and", "raylet"]
        var text = ""
        while text.utf8.count < 700_000 { text += words[Int(random.next() % 12)] + (random.next() % 9 == 0 ? ".\n" : " ") }
        return Array(text.utf8)
    }

    /// Every third object has no pattern, the others are text; 100,000 to 900,000 bytes.
    static func content(of id: UInt64, in texts: [UInt8]) -> [UInt8] {
        var random = SplitMix(seed: id)
        let size = 100_000 + Int(random.next() % 800_000)
        if id % 3 == 0 { return noise(seed: id, count: size) }
        let start = Int(random.next() % UInt64(texts.count))
        var bytes: [UInt8] = []
        while bytes.count < size { bytes += texts[(bytes.isEmpty ? start : 0)...].prefix(size - bytes.count) }
        return bytes
    }

    static func noise(seed: UInt64, count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            noise(seed: seed, into: UnsafeMutableRawBufferPointer(buffer))
            filled = count
        }
    }

    static func noise(seed: UInt64, into buffer: UnsafeMutableRawBufferPointer) {
        var random = SplitMix(seed: seed &* 77)
        var at = 0
        while at + 8 <= buffer.count {
            buffer.storeBytes(of: random.next(), toByteOffset: at, as: UInt64.self)
            at += 8
        }
        while at < buffer.count {
            buffer[at] = UInt8(truncatingIfNeeded: random.next())
            at += 1
        }
    }
}

/// A folder of its own for one test, with room for one object in its spill folder.
private final class Folder {
    let path: String
    let spill: SpillFolder
    private let arena: Arena
    private var region = SpillRegion(offset: 0, count: 0)
    var checksum: UInt32 = 0

    init() throws {
        var template = Array("/var/tmp/rayflow-spill-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw UnexpectedResult() }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        spill = SpillFolder(path: path + "/spill", rules: .tested())
        arena = try Arena.small(slabs: 1)
        try arena.populate(slab: 0)
    }

    func removeSpillFolder() { #expect(rmdir(path + "/spill") == 0, "no file has a name") }

    func spilled(_ raw: [UInt8]) throws -> SpillRegion {
        let place = ObjectPlace(slot: 0, generation: 2, offset: 0, size: UInt64(raw.count))
        try arena.write(place) { $0.copyBytes(from: raw) }
        region = SpillRegion(offset: 0, count: PackedForm.bound(raw.count))
        let result = try TierMover(arena, spill).run(
            TierMove(number: 1, object: object(1), size: raw.count, source: .hot(place), target: .cold(region)))
        region.count = result.count
        checksum = result.checksum
        return region
    }

    func restored(_ size: Int) throws(TierFault) -> [UInt8] {
        let place = ObjectPlace(slot: 1, generation: 2, offset: 65536, size: UInt64(size))
        _ = try TierMover(arena, spill).run(
            TierMove(number: 2, object: object(1), size: size, source: .cold(region), target: .hot(place), checksum: checksum))
        do { return Array(try arena.view(place)) } catch { throw .unmapped("\(error)") }
    }

    func flip(_ offset: Int) throws {
        guard let file = spill.descriptor(of: 0) else { throw UnexpectedResult() }
        var byte: UInt8 = 0
        guard pread(file, &byte, 1, off_t(offset)) == 1 else { throw UnexpectedResult() }
        byte ^= 0x20
        guard pwrite(file, &byte, 1, off_t(offset)) == 1 else { throw UnexpectedResult() }
    }

    deinit {
        rmdir(path + "/spill")
        rmdir(path)
    }
}
