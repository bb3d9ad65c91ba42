import NIOCore
import ObjectStore
import RayflowCore
import Testing
import Transport

/// What the network makes of a chunk of an object whose bytes were changed on the way.
@Suite("Transfer frames that were changed on their way") struct TransferFrameTests {
    private static let object = ObjectID(task: TaskID(unique: 7, actor: .none(in: JobID(1))), index: 1)
    private static let from = Address.raylet(of: NodeID(1)), to = Address.raylet(of: NodeID(2))

    /// One of two chunks of an object, and the other one behind it.
    private static func frames(_ values: [UInt8]) -> [UInt8] {
        values.withUnsafeBytes { bytes in
            let reader = ChunkReader(object, bytes, chunkSize: values.count / 2)
            var frames = ByteBuffer()
            for index in 0..<reader.plan.count {
                let chunk = ObjectChunk(
                    request: 3, object: object, index: UInt32(index), totalSize: UInt64(values.count),
                    chunk: reader.chunk(at: index).encoded)
                frames.writeFrame(kind: ObjectChunk.kind, from: from, to: to, body: chunk.body)
            }
            return Array(frames.readableBytesView)
        }
    }

    /// What a receiver that trusts nobody takes of it: the values, with zeros where nothing came.
    private static func received(_ frames: [UInt8], size: Int) -> (values: [UInt8], chunks: Int) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        let assembler = ChunkAssembler(object, ChunkAssembler.Room(memory: memory) {}, chunkSize: size / 2)
        var decoder = FrameDecoder()
        frames.withUnsafeBytes { decoder.append($0) }
        while let frame = try? decoder.next() {
            guard case .objectChunk(let m)? = try? Message(kind: frame.kind, body: frame.body), frame.to == to, frame.from == from,
                m.request == 3, m.object == object, m.belongs(to: assembler.plan)
            else { continue }
            _ = try? assembler.accept(m.chunk, at: Int(m.index))
        }
        let chunks = assembler.there.count
        for index in assembler.gaps {
            UnsafeMutableRawBufferPointer(rebasing: memory[assembler.plan.range(of: index)]).initializeMemory(as: UInt8.self, repeating: 0)
        }
        return (Array(memory), chunks)
    }

    @Test("whichever byte of a frame is changed, the chunk is not taken, and nothing wrong is", arguments: [false, true])
    func changedBytes(_ isCompressible: Bool) {
        let count = 400
        let values = (0..<count).map { UInt8(truncatingIfNeeded: isCompressible ? $0 / 80 : $0 &* 197 &+ ($0 * $0) >> 3) }
        let good = Self.frames(values)
        #expect(Self.received(good, size: count) == (values, 2))
        let firstLength = 4 + Int(good[0]) + Int(good[1]) << 8
        for index in 0..<firstLength {
            for change in [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xFF] as [UInt8] {
                var bytes = good
                bytes[index] ^= change
                let (taken, chunks) = Self.received(bytes, size: count)
                #expect(chunks <= 1 && taken[..<(count / 2)].allSatisfy { $0 == 0 }, "byte \(index) ^ \(change) is taken")
                #expect(chunks == 0 || taken[(count / 2)...] == values[(count / 2)...], "byte \(index) ^ \(change): wrong bytes")
            }
        }
    }
}
