import RayflowCore

/// The first 128 bytes of a segment. Magic, version and checksum keep their places in every format version.
struct SegmentHeader: Hashable, Sendable {
    static let byteCount = 128
    static let version: UInt16 = 1
    private static let magic: UInt32 = 0x314A_4652  // "RFJ1"
    private static let checksumOffset = byteCount - 4

    var name: SegmentName
    /// The sequence number of the segment's first record.
    var firstSequence: UInt64
    /// nil only in a run's first segment.
    var previous: SegmentLink?
    /// Wall clock, ns since 1970; for people.
    var createdAt: UInt64
    var bootID: BootID
    var runID: String

    enum Decoded: Hashable {
        case header(SegmentHeader)
        case newerVersion(UInt16)
        case damaged(String)
    }

    var bytes: [UInt8] {
        var w = ByteWriter(reserving: Self.byteCount)
        w.u32(Self.magic)
        w.u16(Self.version)
        w.u16(0)
        w.u32(name.epoch)
        w.u32(name.index)
        w.u64(firstSequence)
        w.u32(previous?.segment.epoch ?? 0)
        w.u32(previous?.segment.index ?? 0)
        w.u64(previous?.offset ?? 0)
        w.u64(createdAt)
        w.u64(bootID.high)
        w.u64(bootID.low)
        w.u16(UInt16(runID.utf8.count))
        w.tail(runID.utf8)
        w.tail(repeatElement(0, count: Self.checksumOffset - w.count))
        w.u32(CRC32C.of(w.bytes))
        return w.bytes
    }

    /// `bytes` are the first 128 of the file.
    static func decode(_ bytes: ArraySlice<UInt8>) -> Decoded {
        do {
            var r = ByteReader(bytes)
            var check = ByteReader(bytes.dropFirst(checksumOffset))
            let (magic, version) = (try r.u32(), try r.u16())
            guard magic == Self.magic else { return .damaged("not a journal segment") }
            let sum = bytes.withUnsafeBytes { CRC32C.of(UnsafeRawBufferPointer(rebasing: $0[..<checksumOffset])) }
            guard try check.u32() == sum else { return .damaged("the checksum of the segment header is wrong") }
            guard version == Self.version else { return .newerVersion(version) }
            _ = try r.u16()
            let name = SegmentName(epoch: try r.u32(), index: try r.u32())
            let firstSequence = try r.u64()
            let link = SegmentLink(segment: SegmentName(epoch: try r.u32(), index: try r.u32()), offset: try r.u64())
            let createdAt = try r.u64()
            let bootID = BootID(high: try r.u64(), low: try r.u64())
            let idBytes = try r.slice(Int(try r.u16()))
            guard let runID = String(validating: idBytes, as: UTF8.self) else { return .damaged("the run id is not text") }
            return .header(
                SegmentHeader(
                    name: name, firstSequence: firstSequence, previous: link.segment.index == 0 ? nil : link, createdAt: createdAt,
                    bootID: bootID, runID: runID))
        } catch {
            return .damaged("the segment header does not decode: \(error)")
        }
    }
}
