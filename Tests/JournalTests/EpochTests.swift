import Glibc
@testable import Journal
import Testing

@Suite("Epochs and segments")
struct EpochTests {
    private let temporary = TemporaryFolder()

    private func options(segmentBytes: Int) -> JournalWriter.Options {
        var options = JournalWriter.Options()
        options.segmentBytes = segmentBytes
        return options
    }

    @Test("each holder continues the journal in new segments that carry its epoch")
    func epochs() throws {
        var written: [[UInt8]] = []
        for epoch: UInt32 in 1...5 {
            let end = epoch == 1 ? nil : try JournalReader.read(folder: temporary.path).end
            let writer = try JournalWriter.open(folder: temporary.path, epoch: epoch, runID: "test", after: end)
            for number in 0..<Int(epoch) {
                written.append([UInt8(epoch), UInt8(number)])
                writer.append([UInt8(epoch), UInt8(number)])
            }
            writer.close()
            let contents = try JournalReader.read(folder: temporary.path)
            #expect(contents.records.map(\.payload) == written)
            #expect(contents.records.map(\.sequence) == (1...UInt64(written.count)).map { $0 })
            #expect(contents.end.segments.map(\.segment) == (1...epoch).map { SegmentName(epoch: $0, index: $0) })
            #expect(contents.end.runID == "test")
        }
    }

    @Test("records behind the link of the next epoch do not count")
    func linkExcludes() throws {
        let (path, bytes) = try Sample.segment(records: 4, in: temporary.path)
        try Files.writeAtomically(path, Array(bytes.dropLast(Frame.markBytes + 2)), sync: false)
        let end = try JournalReader.read(folder: temporary.path).end
        #expect(end.tornTail != nil)
        try JournalWriter.open(folder: temporary.path, epoch: 2, runID: "test", after: end).close()
        // Late bytes of a writer that was thought dead, whole and valid.
        try Files.writeAtomically(path, bytes, sync: false)
        let contents = try JournalReader.read(folder: temporary.path)
        #expect(contents.records.count == 3 && Sample.isPrefix(contents.records))
    }

    @Test("a segment ends before it outgrows its size, and the next one continues it")
    func rotation() throws {
        let writer = try JournalWriter.open(
            folder: temporary.path, epoch: 1, runID: "test", after: nil, options: options(segmentBytes: 512))
        let commits = Commits()
        for number in 0..<100 {
            writer.append([UInt8](repeating: UInt8(number), count: 40), commit: commits.note(number))
            if number % 5 == 4 { flush(writer) }
        }
        writer.close()
        #expect(commits.succeeded == Array(0..<100))
        let contents = try JournalReader.read(folder: temporary.path)
        #expect(contents.records.map(\.payload) == (0..<100).map { [UInt8](repeating: UInt8($0), count: 40) })
        #expect(contents.end.segments.count > 5)
        for name in try Files.names(in: temporary.path) {
            #expect(try Files.read("\(temporary.path)/\(name)", atMost: 1 << 20).count <= 512 + Frame.markBytes)
        }
    }

    @Test("an epoch that exists, or a journal that was not read before, is refused")
    func refusals() throws {
        _ = try Sample.segment(records: 1, in: temporary.path)
        let end = try JournalReader.read(folder: temporary.path).end
        for (epoch, after) in [(UInt32(1), Optional(end)), (0, end), (7, nil)] {
            let fault = try #require(throws: JournalFault.self) {
                try JournalWriter.open(folder: temporary.path, epoch: epoch, runID: "test", after: after)
            }
            #expect(fault.code == .exists)
        }
        #expect(throws: JournalFault.self) { try JournalWriter.open(folder: temporary.path, epoch: 2, runID: "other", after: end) }
        let long = String(repeating: "x", count: JournalLimits.runIDBytes + 1)
        #expect(throws: JournalFault.self) { try JournalWriter.open(folder: temporary.path, epoch: 2, runID: long, after: end) }
    }

    @Test("the leftover of a segment that was never finished is ignored, and removed by the next holder")
    func leftover() throws {
        _ = try Sample.segment(records: 2, in: temporary.path)
        let leftover = "\(temporary.path)/.new-\(SegmentName(epoch: 2, index: 2))"
        try Files.writeAtomically(leftover, [1, 2, 3], sync: false)
        let contents = try JournalReader.read(folder: temporary.path)
        #expect(contents.records.count == 2)
        try JournalWriter.open(folder: temporary.path, epoch: 2, runID: "test", after: contents.end).close()
        #expect(!Files.exists(leftover))
    }

    @Test("an empty folder is an empty journal; a missing folder or a file in its place is a fault with advice")
    func folders() throws {
        let empty = try JournalReader.read(folder: temporary.path)
        #expect(empty.records.isEmpty && empty.end == JournalEnd())
        for (path, code) in [("\(temporary.path)/none", JournalFault.Code.missing), ("/dev/null", .notAFolder)] {
            let fault = try #require(throws: JournalFault.self) { try JournalReader.read(folder: path) }
            #expect(fault.code == code && fault.path == path)
            let open = try #require(throws: JournalFault.self) {
                try JournalWriter.open(folder: path, epoch: 1, runID: "test", after: nil)
            }
            #expect(open.code == code)
        }
    }

    @Test("a reader beside a writer always sees a prefix, and the prefix grows")
    func concurrentReader() throws {
        let writer = try JournalWriter.open(
            folder: temporary.path, epoch: 1, runID: "test", after: nil, options: options(segmentBytes: 4096))
        var seen = 0
        for round in 0..<60 {
            for number in round * 20..<round * 20 + 20 { writer.append(Sample.record(number)) }
            let contents = try JournalReader.read(folder: temporary.path)
            #expect(Sample.isPrefix(contents.records))
            #expect(contents.records.count >= seen)
            seen = contents.records.count
        }
        writer.close()
        #expect(try JournalReader.read(folder: temporary.path).records.count == 1200)
    }

    @Test("a large journal streams through a callback, which can stop it")
    func streaming() throws {
        let writer = try JournalWriter.open(folder: temporary.path, epoch: 1, runID: "test", after: nil)
        let big = [UInt8](repeating: 7, count: JournalLimits.readBytes + 3)
        for number in 0..<4 { writer.append(number % 2 == 0 ? big : [UInt8(number)]) }
        writer.close()
        var sizes: [Int] = []
        let end = try JournalReader.forEach(folder: temporary.path) { record throws(JournalFault) in sizes.append(record.payload.count) }
        #expect(sizes == [big.count, 1, big.count, 1])
        #expect(end.nextSequence == 5)
        var count = 0
        #expect(throws: JournalFault.self) {
            try JournalReader.forEach(folder: temporary.path) { _ throws(JournalFault) in
                count += 1
                if count == 2 { throw JournalFault(.closed, path: "", "enough") }
            }
        }
        #expect(count == 2)
    }
}

/// Waits until everything appended is synced.
func flush(_ writer: JournalWriter) {
    let signal = Signal()
    writer.flush { _ in signal.send() }
    signal.wait()
}
