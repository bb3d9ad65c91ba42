package import NIOCore
package import RayflowCore

/// The envelope: u32 length of what follows, u8 kind, from, to (each 16 bytes), u32 CRC-32C of the rest, body.
///
/// Little-endian. The checksum covers kind, from, to and body. Golden-byte tests hold the layout.
package enum FrameCodec {
    static let lengthBytes = 4
    /// Kind and two addresses.
    static let checkedBytes = 33
    /// These and the checksum.
    static let headerBytes = checkedBytes + 4
}

extension ByteBuffer {
    /// Appends one frame; its body is `body` followed by `payload`.
    ///
    /// A body above ``TransportLimits/bodyBytes`` is a broken invariant: callers bound their sizes before.
    package mutating func writeFrame(
        kind: UInt8, from: Address, to: Address, body: [UInt8], payload: UnsafeRawBufferPointer = .init(start: nil, count: 0)
    ) {
        let count = body.count + payload.count
        precondition(count <= TransportLimits.bodyBytes, "a body of \(count) bytes, the limit is \(TransportLimits.bodyBytes)")
        let length = count + FrameCodec.headerBytes
        reserveCapacity(minimumWritableBytes: FrameCodec.lengthBytes + length)
        let start = writerIndex
        writeMultipleIntegers(UInt32(length), kind, from.node, from.entity, to.node, to.entity, endianness: .little)
        var checksum = Checksum()
        withUnsafeReadableBytes { readable in
            let header = start + FrameCodec.lengthBytes - readerIndex
            checksum.add(UnsafeRawBufferPointer(rebasing: readable[header..<header + FrameCodec.checkedBytes]))
        }
        body.withUnsafeBytes { checksum.add($0) }
        checksum.add(payload)
        writeInteger(checksum.value, endianness: .little)
        writeBytes(body)
        if payload.count > 0 { writeBytes(payload) }
    }

    /// Changes one bit of the last frame, which begins at `start`, behind its length.
    mutating func flip(_ word: UInt64, ofFrameAt start: Int) {
        let first = start + FrameCodec.lengthBytes
        let at = first + Int(word >> 3 % UInt64(writerIndex - first))
        guard let byte = getInteger(at: at, as: UInt8.self) else { return }
        setInteger(byte ^ 1 << UInt8(word & 7), at: at)
    }
}
