import CLinux
import Testing

@testable import ObjectStore

@Suite struct ChunkTests {
    private func text(_ count: Int) -> [UInt8] {
        let words = Array("the quick brown fox jumps over the lazy dog and the cat ".utf8)
        return (0..<count).map { words[($0 + $0 / 997) % words.count] }
    }

    private func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = SplitMix(seed: seed)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    @Test("what goes in comes out, whatever it is", arguments: [0, 1, 63, 64, 65, 1000, 65_536, 65_537, 300_000])
    func roundTrip(count: Int) throws {
        for raw in [text(count), noise(count), [UInt8](repeating: 0, count: count)] {
            let chunk = Chunk(compressing: raw)
            let parsed = try Chunk(parsing: chunk.encoded)
            #expect(parsed == chunk && parsed.rawSize == count)
            #expect(try parsed.decompressed() == raw)
        }
    }

    @Test("text is compressed, noise is stored raw")
    func form() {
        let small = Chunk(compressing: text(200_000))
        #expect(small.form == .lz4 && small.encoded.count < 100_000)
        let large = Chunk(compressing: noise(200_000))
        #expect(large.form == .raw && large.encoded.count == 200_009)
    }

    @Test("a chunk whose samples look good but whose rest does not is stored raw")
    func misleadingSamples() throws {
        var raw = noise(500_000)
        let sample = StoreLimits.chunkSampleSize
        for start in [0, (raw.count - sample) / 2, raw.count - sample] {
            for index in start..<start + sample { raw[index] = 7 }
        }
        let chunk = Chunk(compressing: raw)
        #expect(chunk.form == .raw)
        #expect(try chunk.decompressed() == raw)
    }

    @Test("a whole chunk of 5 MiB fits")
    func full() throws {
        let raw = text(StoreLimits.chunkSize)
        #expect(try Chunk(parsing: Chunk(compressing: raw).encoded).decompressed() == raw)
    }

    @Test("any changed byte is noticed")
    func corruption() {
        for raw in [text(700), noise(300)] {
            let good = Chunk(compressing: raw).encoded
            for index in good.indices {
                for bit in 0..<8 {
                    var bad = good
                    bad[index] ^= 1 << UInt8(bit)
                    #expect(throws: ChunkFault.self) { try Chunk(parsing: bad) }
                }
            }
        }
    }

    @Test("a chunk cut anywhere is noticed")
    func truncation() {
        let good = Chunk(compressing: text(700)).encoded
        for count in good.indices { #expect(throws: ChunkFault.self) { try Chunk(parsing: Array(good[..<count])) } }
        #expect(throws: ChunkFault.self) { try Chunk(parsing: good + [0]) }
    }

    /// A chunk with a right checksum, as only a faulty or hostile sender makes it.
    private func forged(form: UInt8, rawSize: UInt32, content: [UInt8]) -> [UInt8] {
        var bytes = [form] + withUnsafeBytes(of: rawSize.littleEndian) { Array($0) }
        let checksum = rf_crc32c(rf_crc32c(0, bytes, 5), content, content.count)
        bytes += withUnsafeBytes(of: checksum.littleEndian) { Array($0) }
        return bytes + content
    }

    @Test("a header that promises too much allocates nothing")
    func lyingHeader() {
        #expect(throws: ChunkFault.tooLarge(StoreLimits.chunkSize + 1)) {
            try Chunk(parsing: forged(form: 1, rawSize: UInt32(StoreLimits.chunkSize) + 1, content: [0]))
        }
        #expect(throws: ChunkFault.unknownForm(2)) { try Chunk(parsing: forged(form: 2, rawSize: 1, content: [0])) }
    }

    @Test("content that does not give the promised size is a fault, with a right checksum too")
    func wrongSize() throws {
        #expect(throws: ChunkFault.wrongSize(expected: 5, found: 3)) {
            try Chunk(parsing: forged(form: 0, rawSize: 5, content: [1, 2, 3])).decompressed()
        }
        let packed = Array(Chunk(compressing: text(1000)).content)
        for size in [0, 1, 999, 1001, 5000] as [UInt32] {
            let chunk = try Chunk(parsing: forged(form: 1, rawSize: size, content: packed))
            #expect(throws: ChunkFault.self) { try chunk.decompressed() }
        }
        var random = SplitMix(seed: 3)
        for _ in 0..<2000 {
            let content = (0..<Int(random.next() % 64)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            let chunk = try Chunk(parsing: forged(form: 1, rawSize: UInt32(random.next() % 256), content: content))
            if let raw = try? chunk.decompressed() { #expect(raw.count == chunk.rawSize) }
        }
    }
}
