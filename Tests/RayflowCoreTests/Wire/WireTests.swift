import RayflowCore
import Testing

@Suite("Wire messages")
struct WireTests {
    private static let names = WireSamples.messages.map(\.name)
    private static func sample(_ name: String) throws -> Message { try #require(WireSamples.messages.first { $0.name == name }?.message) }
    private static func bytes(_ name: String) throws -> (kind: UInt8, body: [UInt8]) {
        let wire = try sample(name).wire
        return (type(of: wire).kind, wire.body)
    }

    @Test("the bytes of a message are what they were", arguments: names)
    func golden(name: String) throws {
        let (kind, body) = try Self.bytes(name)
        #expect([kind].hex + " " + body.hex == WireGolden.messages[name])
    }

    @Test("every kind of message has a sample, and no two kinds share a number")
    func kinds() throws {
        let kinds = try Set(Self.names.map { try Self.bytes($0).kind })
        let known = (UInt8.min...UInt8.max).filter { kind in
            // An unknown kind is refused for that alone, whatever its bytes.
            do throws(DecodingFault) {
                _ = try Message(kind: kind, body: [])
                return true
            } catch { return !error.what.contains("unknown kind of message") }
        }
        #expect(Set(known) == kinds)
        #expect(kinds.filter { $0 & 0x80 != 0 } == [ObjectChunk.kind], "the high bit says that the frame has a checksum")
    }

    @Test("a message that was read is written as the same bytes", arguments: names)
    func roundTrip(name: String) throws {
        let (kind, body) = try Self.bytes(name)
        let wire = try Message(kind: kind, body: body[...]).wire
        #expect(type(of: wire).kind == kind && wire.body == body)
    }

    @Test("a message cut at any byte, or with a byte too many, is refused", arguments: names)
    func truncation(name: String) throws {
        let (kind, body) = try Self.bytes(name)
        for count in body.indices {
            #expect(throws: DecodingFault.self, "cut at \(count)") { _ = try Message(kind: kind, body: body[..<count]) }
        }
        #expect(throws: DecodingFault.self) { _ = try Message(kind: kind, body: (body + [0])[...]) }
    }

    @Test("a message reads the same from the middle of a batch", arguments: names)
    func slices(name: String) throws {
        let (kind, body) = try Self.bytes(name)
        let batch = [1, 2, 3] + body + [4, 5]
        #expect(try Message(kind: kind, body: batch[3..<3 + body.count]).wire.body == body)
    }

    @Test("changed bytes are refused or read as some message, and never trap", arguments: names)
    func mutations(name: String) throws {
        let (kind, body) = try Self.bytes(name)
        guard !body.isEmpty else { return }
        var random = WireRandom(UInt64(kind) &* 7919)
        for _ in 0..<2_000 {
            var changed = body
            for _ in 0...random.below(3) { changed[random.below(changed.count)] = random.byte() }
            guard let message = try? Message(kind: kind, body: changed[...]) else { continue }
            let again = message.wire.body
            #expect(try Message(kind: kind, body: again[...]).wire.body == again)
        }
    }

    @Test("random bytes are refused or read as some message, and never trap")
    func noise() {
        var random = WireRandom(1)
        for _ in 0..<50_000 {
            let bytes = (0..<random.below(120)).map { _ in random.chance(60) ? UInt8(random.below(3)) : random.byte() }
            guard let message = try? Message(kind: random.byte(), body: bytes[...]) else { continue }
            _ = message.wire.body
        }
    }

    @Test("a length beyond the end is refused before anything is allocated for it")
    func hugeLengths() {
        for kind in [JournalRecords.kind, DeleteObjects.kind, NodeTable.kind, ObjectChunk.kind] {
            let bytes = [UInt8](repeating: 0xFF, count: 64)
            #expect(throws: DecodingFault.self) { _ = try Message(kind: kind, body: bytes[...]) }
        }
    }

    @Test("lists of lists of refs have a deepest nesting")
    func nesting() throws {
        var argument = TaskArgument.gather([])
        for _ in 0..<100 { argument = .gather([argument]) }
        var spec = WireSamples.plainSpec
        spec.arguments = [argument]
        let body = PushTask(lease: WireSamples.lease, spec: spec, resolved: [], history: [], replay: []).body
        #expect(throws: DecodingFault.self) { _ = try Message(kind: PushTask.kind, body: body[...]) }
    }
}
