import RayflowCore
import Testing

@Suite("Records of a run's journal")
struct WireRunRecordTests {
    private static let names = WireSamples.records.map(\.name)
    private static func bytes(_ name: String) throws -> [UInt8] {
        try #require(WireSamples.records.first { $0.name == name }?.record).bytes
    }

    @Test("the bytes of a record are what they were", arguments: names)
    func golden(name: String) throws { #expect(try Self.bytes(name).hex == WireGolden.records[name]) }

    @Test("a record that was read is written as the same bytes", arguments: names)
    func roundTrip(name: String) throws {
        let bytes = try Self.bytes(name)
        #expect(try RunRecord(bytes).bytes == bytes)
    }

    @Test("a record cut at any byte, or with a byte too many, is refused", arguments: names)
    func truncation(name: String) throws {
        let bytes = try Self.bytes(name)
        for count in bytes.indices {
            #expect(throws: DecodingFault.self, "cut at \(count)") { _ = try RunRecord(Array(bytes[..<count])) }
        }
        #expect(throws: DecodingFault.self) { _ = try RunRecord(bytes + [0]) }
    }

    @Test("changed and random bytes are refused or read as some record, and never trap", arguments: names)
    func mutations(name: String) throws {
        let bytes = try Self.bytes(name)
        var random = WireRandom(UInt64(bytes.count))
        for _ in 0..<2_000 {
            var changed = bytes
            for _ in 0...random.below(3) { changed[random.below(changed.count)] = random.byte() }
            if let record = try? RunRecord(changed) { #expect(try RunRecord(record.bytes).bytes == record.bytes) }
            _ = try? RunRecord((0..<random.below(100)).map { $0 == 0 ? UInt8(random.below(12)) : random.byte() })
        }
    }

    @Test("the two records of a pure task take at most 112 bytes besides names and data")
    func size() {
        let empty = FunctionReference(index: 0, name: "", version: 1)
        let submitted = RunRecord.submitted(
            SubmittedRecord(lineage: WireSamples.lineage, parent: WireSamples.lineage, kind: .function, name: "", wallNS: 0))
        let finished = RunRecord.finished(
            FinishedRecord(
                lineage: WireSamples.lineage, attempt: WireSamples.attempt, function: empty, fingerprint: [], results: [], moved: [],
                executionNS: 0, wallNS: 0))
        #expect(submitted.bytes.count + finished.bytes.count <= 112)
    }
}
