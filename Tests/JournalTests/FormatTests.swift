import CLinux
@testable import Journal
import Testing

@Suite("The segment format")
struct FormatTests {
    private static let published: [([UInt8], UInt32)] = [
        (Array("123456789".utf8), 0xE306_9283),
        ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
        ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
        (Array(0..<32), 0x46DD_794E),
        (Array((0..<32).reversed()), 0x113F_DB5C),
        ([], 0),
    ]

    @Test(
        "CRC-32C gives the published values, by instruction and by table",
        arguments: FormatTests.published)
    func vectors(bytes: [UInt8], value: UInt32) {
        #expect(CRC32C.of(bytes) == value)
        #expect(bytes.withUnsafeBytes { rf_crc32c_table(0, $0.baseAddress, $0.count) } == value)
    }

    @Test("CRC-32C in pieces, at any cut and alignment, equals CRC-32C at once")
    func pieces() {
        let bytes = (0..<67).map { UInt8(truncatingIfNeeded: $0 &* 97 &+ 5) }
        bytes.withUnsafeBytes { all in
            let whole = CRC32C.of(all)
            #expect(rf_crc32c_table(0, all.baseAddress, all.count) == whole)
            for cut in 0...bytes.count {
                let head = CRC32C.of(UnsafeRawBufferPointer(rebasing: all[..<cut]))
                #expect(CRC32C.of(UnsafeRawBufferPointer(rebasing: all[cut...]), continuing: head) == whole)
            }
        }
    }

    @Test("a record's bytes are length, checksum, sequence and payload")
    func goldenRecord() {
        var frame: [UInt8] = []
        Frame.appendRecord([0xAA, 0xBB, 0xCC], sequence: 7, to: &frame)
        let sum = CRC32C.of([3, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0xAA, 0xBB, 0xCC])
        #expect(frame == [3, 0, 0, 0] + withUnsafeBytes(of: sum.littleEndian, Array.init) + [7, 0, 0, 0, 0, 0, 0, 0, 0xAA, 0xBB, 0xCC])
    }

    @Test("a segment header decodes to what was encoded, and starts with its magic and version")
    func header() {
        let header = SegmentHeader(
            name: SegmentName(epoch: 3, index: 9), firstSequence: 1 << 40,
            previous: .init(segment: .init(epoch: 2, index: 8), offset: 4711),
            createdAt: 1_790_000_000_000_000_000, bootID: BootID(high: 1, low: 2), runID: "0v3k9qd7m-wordcount")
        let bytes = header.bytes
        #expect(bytes.count == 128)
        #expect(bytes.prefix(8) == [0x52, 0x46, 0x4A, 0x31, 1, 0, 0, 0])
        #expect(SegmentHeader.decode(bytes[...]) == .header(header))
        var first = header
        first.previous = nil
        #expect(SegmentHeader.decode(first.bytes[...]) == .header(first))
    }

    @Test("every flipped byte of a segment header is found")
    func damagedHeader() {
        let header = SegmentHeader(
            name: SegmentName(epoch: 1, index: 1), firstSequence: 1, previous: nil, createdAt: 5, bootID: .current, runID: "run")
        for index in 0..<SegmentHeader.byteCount {
            var bytes = header.bytes
            bytes[index] ^= 0x10
            guard case .damaged = SegmentHeader.decode(bytes[...]) else {
                Issue.record("byte \(index) was not noticed")
                continue
            }
        }
    }

    @Test("segment names are read back, and nothing else is taken for one")
    func names() {
        for name in [SegmentName(epoch: 1, index: 1), .init(epoch: 12, index: 345_678), .init(epoch: .max, index: .max)] {
            #expect(SegmentName(name.description) == name)
        }
        #expect(SegmentName(epoch: 2, index: 3).description == "journal-000002-000003.rfj")
        for text in [
            "", "journal-.rfj", "journal-1-1.rfj", "journal-000001-000001.rfj~", ".new-journal-000001-000001.rfj", "journal--1-000001.rfj",
        ] {
            #expect(SegmentName(text) == nil, "\(text)")
        }
    }
}
