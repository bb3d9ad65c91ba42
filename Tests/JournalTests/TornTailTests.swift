import Glibc
@testable import Journal
import Testing

@Suite("Damage")
struct TornTailTests {
    private let temporary = TemporaryFolder()
    private static let count = 9

    private func write(_ bytes: some Collection<UInt8>, to path: String) throws {
        try Files.writeAtomically(path, Array(bytes), sync: false)
    }

    @Test("a journal cut at any byte gives a prefix of its records, and the next holder continues it", arguments: SyncPolicy.allCases)
    func tornAnywhere(policy: SyncPolicy) throws {
        let (path, bytes) = try Sample.segment(records: Self.count, in: temporary.path, policy: policy)
        var counts: Set<Int> = []
        for length in 0...bytes.count {
            try write(bytes[..<length], to: path)
            let contents = try JournalReader.read(folder: temporary.path)
            #expect(Sample.isPrefix(contents.records), "cut at \(length)")
            #expect(length < bytes.count || contents.records.count == Self.count)
            let valid = contents.end.link?.offset ?? 0
            #expect(contents.end.tornTail?.byteCount ?? 0 == UInt64(length) - valid)
            #expect(contents.end.nextSequence == UInt64(contents.records.count + 1))
            counts.insert(contents.records.count)

            let next = try JournalWriter.open(folder: temporary.path, epoch: 2, runID: "test", after: contents.end)
            next.append([0xEE])
            next.close()
            let continued = try JournalReader.read(folder: temporary.path)
            #expect(continued.records.dropLast() == contents.records[...])
            #expect(continued.records.last?.payload == [0xEE])
            #expect(continued.end.tornTail == nil)
            for name in try Files.names(in: temporary.path) where SegmentName(name)?.epoch == 2 { unlink("\(temporary.path)/\(name)") }
        }
        #expect(counts == Set(0...Self.count))
    }

    @Test("a flipped byte is reported with its file, or cuts the last record", arguments: SyncPolicy.allCases)
    func flippedAnywhere(policy: SyncPolicy) throws {
        let (path, bytes) = try Sample.segment(records: Self.count, in: temporary.path, policy: policy)
        for index in bytes.indices {
            for mask: UInt8 in [0x01, 0x80, 0xFF] {
                var damaged = bytes
                damaged[index] ^= mask
                try write(damaged, to: path)
                do throws(JournalFault) {
                    let contents = try JournalReader.read(folder: temporary.path)
                    #expect(Sample.isPrefix(contents.records), "byte \(index)")
                    #expect(contents.records.count >= Self.count - 1, "byte \(index)")
                    #expect(contents.end.tornTail != nil, "byte \(index)")
                } catch {
                    #expect(error.code == .corrupt)
                    #expect(error.path == path)
                    #expect(error.offset ?? .max <= UInt64(index))
                }
            }
        }
    }

    @Test("damage before the synced offset is corruption even when nothing but the sync mark follows")
    func markGuards() throws {
        let (path, bytes) = try Sample.segment(records: Self.count, in: temporary.path)
        var damaged = bytes
        damaged[bytes.count - Frame.markBytes - 1] ^= 1
        try write(damaged, to: path)
        let fault = try #require(throws: JournalFault.self) { try JournalReader.read(folder: temporary.path) }
        #expect(fault.code == .corrupt)
        #expect(fault.message.contains("synced"))
    }

    @Test("after the machine went down, a hole in the unsynced end cuts the journal there and tells what is behind")
    func holeAfterPowerLoss() throws {
        let writer = try JournalWriter.open(folder: temporary.path, epoch: 1, runID: "test", after: nil, options: .init(policy: .never))
        for number in 0..<Self.count { writer.append(Sample.record(number)) }
        writer.close()
        let path = "\(temporary.path)/\(SegmentName(epoch: 1, index: 1))"
        let contents = try JournalReader.read(folder: temporary.path)
        var bytes = try Files.read(path, atMost: 1 << 20).dropLast(Frame.markBytes)
        let hole = Int(contents.records[4].position.offset)
        for index in hole..<Int(contents.records[6].position.offset) { bytes[index] = 0 }
        try write(bytes, to: path)

        let fault = try #require(throws: JournalFault.self) { try JournalReader.read(folder: temporary.path) }
        #expect(fault.code == .corrupt && fault.offset == UInt64(hole))

        var records: [JournalRecord] = []
        let end = try JournalReader.forEach(folder: temporary.path, bootID: BootID(high: 1, low: 1)) { record throws(JournalFault) in
            records.append(record)
        }
        #expect(records == Array(contents.records[..<4]))
        #expect(end.tornTail?.recordsBehind == 3)
        #expect(end.link?.offset == UInt64(hole))
    }

    @Test("damage in a segment that another one continues is corruption, wherever it stands")
    func damageBeforeTheLast() throws {
        let (path, bytes) = try Sample.segment(records: 3, in: temporary.path)
        let end = try JournalReader.read(folder: temporary.path).end
        try JournalWriter.open(folder: temporary.path, epoch: 2, runID: "test", after: end).close()
        for index in 0..<Int(end.link?.offset ?? 0) {
            var damaged = bytes
            damaged[index] ^= 4
            try write(damaged, to: path)
            let fault = try #require(throws: JournalFault.self) { try JournalReader.read(folder: temporary.path) }
            #expect(fault.code == .corrupt && fault.path == path, "byte \(index)")
        }
        try write(bytes.dropLast(1), to: path)
        #expect(throws: JournalFault.self) { try JournalReader.read(folder: temporary.path) }
        unlink(path)
        let fault = try #require(throws: JournalFault.self) { try JournalReader.read(folder: temporary.path) }
        #expect(fault.code == .corrupt && fault.message.contains("missing"))
    }

    @Test("random bytes in place of the records are never taken for records")
    func noise() throws {
        let (path, bytes) = try Sample.segment(records: 1, in: temporary.path)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let noise = (0..<Int.random(in: 1...300)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            try write(bytes.prefix(SegmentHeader.byteCount) + noise, to: path)
            #expect(try JournalReader.read(folder: temporary.path).records.isEmpty)
        }
    }

    @Test("a journal of a newer format version is refused with both versions")
    func newerVersion() throws {
        let (path, bytes) = try Sample.segment(records: 1, in: temporary.path)
        var header = Array(bytes.prefix(SegmentHeader.byteCount - 4))
        header[4] = 2
        let sum = withUnsafeBytes(of: CRC32C.of(header).littleEndian, Array.init)
        try write(header + sum + bytes.dropFirst(SegmentHeader.byteCount), to: path)
        let fault = try #require(throws: JournalFault.self) { try JournalReader.read(folder: temporary.path) }
        #expect(fault.code == .newerVersion && fault.message.contains("version 2") && fault.message.contains("reads 1"))
    }
}
