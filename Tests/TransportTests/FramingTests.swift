import NIOCore
import RayflowCore
import Testing

@testable import Transport

@Suite("Frames")
struct FramingTests {
    private func decode(_ pieces: [ArraySlice<UInt8>]) throws -> [Frame] {
        var decoder = FrameDecoder()
        var frames: [Frame] = []
        for piece in pieces {
            piece.withUnsafeBytes { decoder.append($0) }
            while let frame = try decoder.next() { frames.append(frame) }
        }
        return frames
    }

    private func isSame(_ frame: Frame, _ kind: UInt8, _ body: [UInt8]) -> Bool {
        frame.kind == kind && Array(frame.body) == body && frame.from == alice && frame.to == bob
    }

    @Test("the envelope's bytes are fixed, and carry the CRC-32C of kind, addresses and body")
    func goldenEnvelope() {
        let bytes = encoded(
            kind: 5, [0xAA, 0xBB], from: Address(node: 0x0102_0304_0506_0708, entity: 9), to: Address(node: 10, entity: 11))
        let header: [UInt8] =
            [5] + [8, 7, 6, 5, 4, 3, 2, 1] + [9, 0, 0, 0, 0, 0, 0, 0] + [10, 0, 0, 0, 0, 0, 0, 0] + [11, 0, 0, 0, 0, 0, 0, 0]
        var checksum = Checksum()
        (header + [0xAA, 0xBB]).withUnsafeBytes { checksum.add($0) }
        let crc = (0..<4).map { UInt8(truncatingIfNeeded: checksum.value >> UInt32($0 * 8)) }
        #expect(bytes == [39, 0, 0, 0] + header + crc + [0xAA, 0xBB])
    }

    @Test("the checksum is CRC-32C however its bytes are split", arguments: 0...9)
    func checksum(split: Int) {
        var checksum = Checksum()
        let text = Array("123456789".utf8)
        text[..<split].withUnsafeBytes { checksum.add($0) }
        text[split...].withUnsafeBytes { checksum.add($0) }
        #expect(checksum.value == 0xE306_9283)
    }

    @Test("frames are the same at every split of the stream into two")
    func everySplit() throws {
        let bodies: [(UInt8, [UInt8])] = [(1, []), (2, [1, 2, 3]), (0x83, Array(0..<50)), (4, [9])]
        let stream = bodies.flatMap { encoded(kind: $0.0, $0.1) }
        for split in 0...stream.count {
            let frames = try decode([stream[..<split], stream[split...]])
            #expect(frames.count == bodies.count)
            for (frame, body) in zip(frames, bodies) { #expect(isSame(frame, body.0, body.1)) }
        }
    }

    @Test("frames are the same byte by byte")
    func byteByByte() throws {
        let stream = encoded(kind: 1, [1, 2]) + encoded(kind: 0x82, [3]) + encoded(kind: 3, [])
        let frames = try decode(stream.indices.map { stream[$0...$0] })
        #expect(frames.count == 3)
        #expect(isSame(frames[0], 1, [1, 2]) && isSame(frames[1], 0x82, [3]) && isSame(frames[2], 3, []))
    }

    @Test("a body kept beyond its batch is not changed by the next")
    func slicesLast() throws {
        var decoder = FrameDecoder()
        encoded(kind: 1, [1, 1, 1]).withUnsafeBytes { decoder.append($0) }
        let first = try decoder.next()
        encoded(kind: 1, [2, 2, 2]).withUnsafeBytes { decoder.append($0) }
        _ = try decoder.next()
        #expect(first.map { Array($0.body) } == [1, 1, 1])
    }

    @Test("a large frame in small reads arrives whole")
    func large() throws {
        let body = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
        let stream = encoded(kind: 0x81, body) + encoded(kind: 2, [7])
        let pieces = stride(from: 0, to: stream.count, by: 4096).map { stream[$0..<min($0 + 4096, stream.count)] }
        let frames = try decode(pieces)
        #expect(frames.count == 2 && isSame(frames[0], 0x81, body) && isSame(frames[1], 2, [7]))
    }

    @Test("a payload follows the body")
    func payload() throws {
        var buffer = ByteBuffer()
        [UInt8](3...5).withUnsafeBytes { buffer.writeFrame(kind: 0x81, from: alice, to: bob, body: [1, 2], payload: $0) }
        #expect(isSame(try #require(try decode([Array(buffer.readableBytesView)[...]]).first), 0x81, [1, 2, 3, 4, 5]))
    }

    @Test("a frame above the limit is refused before its bytes come, and the stream is lost")
    func oversized() {
        var decoder = FrameDecoder()
        let length = UInt32(TransportLimits.frameBytes + 1)
        withUnsafeBytes(of: length.littleEndian) { decoder.append($0) }
        #expect(throws: FrameFault.tooLong(bytes: TransportLimits.frameBytes + 1)) { try decoder.next() }
        #expect(throws: FrameFault.streamLost) { try decoder.next() }
        encoded(kind: 1, []).withUnsafeBytes { decoder.append($0) }
        #expect(throws: FrameFault.streamLost) { try decoder.next() }
        #expect(decoder.buffered == 0)
    }

    @Test("a frame at the limit is waited for without setting its memory aside")
    func atTheLimit() throws {
        var decoder = FrameDecoder()
        withUnsafeBytes(of: UInt32(TransportLimits.frameBytes).littleEndian) { decoder.append($0) }
        #expect(try decoder.next()?.kind == nil)
        #expect(decoder.buffered == 4)
    }

    @Test("a frame shorter than its header is refused", arguments: [0, 1, 32, 33, 36])
    func tooShort(length: UInt32) {
        var decoder = FrameDecoder()
        withUnsafeBytes(of: length.littleEndian) { decoder.append($0) }
        #expect(throws: FrameFault.tooShort(bytes: Int(length))) { try decoder.next() }
    }

    @Test("any flipped bit of a frame behind its length is noticed", arguments: [1, 0x81] as [UInt8])
    func flippedBits(kind: UInt8) {
        let good = encoded(kind: kind, [1, 2, 3, 4])
        for index in 4..<good.count {
            for bit in 0..<8 {
                var bytes = good
                bytes[index] ^= 1 << UInt8(bit)
                #expect(throws: FrameFault.self) { try decode([bytes[...]]) }
            }
        }
    }

    @Test("random bytes never trap the decoder", arguments: UInt64(0)..<200)
    func fuzzed(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var decoder = FrameDecoder()
        for _ in 0..<50 {
            // Half of the pieces look like frames, so that the decoder gets past the length.
            var piece = (0..<Int.random(in: 0...80, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            if Bool.random(using: &random) {
                piece = encoded(kind: UInt8.random(in: 0...255, using: &random), piece)
                if Bool.random(using: &random) { piece[Int.random(in: 0..<piece.count, using: &random)] ^= 1 }
            }
            piece.withUnsafeBytes { decoder.append($0) }
            do { while try decoder.next() != nil {} } catch { decoder = FrameDecoder() }
        }
    }
}
