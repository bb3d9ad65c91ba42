import RayflowCore

/// Cuts a stream of bytes into frames, wherever its reads were split. Bytes come from outside: it throws, never traps.
///
/// Each byte is copied once, into an array that all frames of a read batch share as slices.
package struct FrameDecoder: Sendable {
    private var bytes: [UInt8] = []
    private var position = 0
    private var isLost = false

    package init() {}

    /// Bytes of a frame that is not complete yet.
    package var buffered: Int { bytes.count - position }

    package mutating func append(_ new: UnsafeRawBufferPointer) {
        guard !isLost else { return }
        if buffered == 0 {
            if bytes.capacity > TransportLimits.keptBufferBytes {
                bytes = []
            } else {
                bytes.removeAll(keepingCapacity: true)
            }
            position = 0
        } else if position > 0 {
            var rest: [UInt8] = []
            rest.reserveCapacity(max(buffered + new.count, min(announcedTotal, TransportLimits.reservedBytes)))
            rest.append(contentsOf: bytes[position...])
            bytes = rest
            position = 0
        } else {
            let target = min(announcedTotal, TransportLimits.reservedBytes)
            if bytes.capacity < target { bytes.reserveCapacity(target) }
        }
        bytes.append(contentsOf: new)
    }

    /// The next whole frame, or nil until more bytes come.
    package mutating func next() throws(FrameFault) -> Frame? {
        guard !isLost else { throw .streamLost }
        guard buffered >= FrameCodec.lengthBytes else { return nil }
        let length = announcedTotal - FrameCodec.lengthBytes
        guard length <= TransportLimits.frameBytes else { throw lose(.tooLong(bytes: length)) }
        guard length >= FrameCodec.headerBytes else { throw lose(.tooShort(bytes: length)) }
        guard buffered >= FrameCodec.lengthBytes + length else { return nil }

        let start = position + FrameCodec.lengthBytes
        let end = start + length
        var frame = bytes.withUnsafeBytes { raw in
            func word(_ offset: Int) -> UInt64 { UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: start + offset, as: UInt64.self)) }
            return Frame(
                kind: raw[start], from: Address(node: word(1), entity: word(9)), to: Address(node: word(17), entity: word(25)), body: [])
        }
        let body = start + FrameCodec.headerBytes
        try check(header: start, body: body..<end)
        frame.body = bytes[body..<end]
        position = end
        return frame
    }

    /// Length field included; 0 while that is incomplete.
    private var announcedTotal: Int {
        guard buffered >= FrameCodec.lengthBytes else { return 0 }
        let length = bytes.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: UInt32.self)) }
        return FrameCodec.lengthBytes + Int(length)
    }

    private mutating func check(header: Int, body: Range<Int>) throws(FrameFault) {
        let (expected, found) = bytes.withUnsafeBytes { raw in
            var checksum = Checksum()
            checksum.add(UnsafeRawBufferPointer(rebasing: raw[header..<header + FrameCodec.checkedBytes]))
            checksum.add(UnsafeRawBufferPointer(rebasing: raw[body]))
            return (checksum.value, UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: body.lowerBound - 4, as: UInt32.self)))
        }
        guard expected == found else { throw lose(.checksum(expected: expected, found: found)) }
    }

    private mutating func lose(_ fault: FrameFault) -> FrameFault {
        isLost = true
        bytes = []
        position = 0
        return fault
    }
}
