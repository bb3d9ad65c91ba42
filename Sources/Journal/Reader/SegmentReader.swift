/// Reads the frames of one segment in order and judges what is not a frame.
struct SegmentReader: ~Copyable {
    let header: SegmentHeader
    private var cursor: SegmentCursor
    private let isLinked: Bool
    private let bootID: BootID
    private(set) var nextSequence: UInt64
    private(set) var tornTail: TornTail?

    /// `end` is the link of the next segment; nil for the last one, whose tail may be torn. `cursor` stands at the file's start.
    init(
        _ header: SegmentHeader, _ cursor: consuming SegmentCursor, end: UInt64?, sequence: UInt64, bootID: BootID
    ) throws(JournalFault) {
        self.header = header
        self.bootID = bootID
        isLinked = end != nil
        nextSequence = sequence
        if let end {
            guard end <= cursor.limit, end >= UInt64(SegmentHeader.byteCount) else {
                throw .corrupt(cursor.path, at: cursor.limit, "the segment ends here, but the next one continues it from byte \(end)")
            }
            cursor.end(at: end)
        }
        guard header.firstSequence == sequence else {
            throw .corrupt(cursor.path, at: 0, "the segment starts with record \(header.firstSequence), not with \(sequence)")
        }
        guard try cursor.load(SegmentHeader.byteCount) else { throw .corrupt(cursor.path, at: 0, "the segment became shorter") }
        cursor.skip(SegmentHeader.byteCount)
        self.cursor = cursor
    }

    /// Everything before it was read and is valid.
    var position: UInt64 { cursor.position }

    /// The next record, or nil at the end.
    mutating func next() throws(JournalFault) -> JournalRecord? {
        while cursor.remaining > 0 {
            guard let frame = try frame() else {
                try judgeDamage()
                return nil
            }
            guard frame.sequence == nextSequence else {
                throw .corrupt(cursor.path, at: cursor.position, "record \(frame.sequence) stands where \(nextSequence) belongs")
            }
            let at = JournalPosition(segment: header.name, offset: cursor.position)
            guard !frame.isMark else {
                cursor.skip(frame.frameBytes)
                continue
            }
            cursor.skip(Frame.headerBytes)
            nextSequence += 1
            return JournalRecord(sequence: frame.sequence, position: at, payload: Array(cursor.take(frame.payloadBytes)))
        }
        return nil
    }

    /// The whole, valid frame at the position; nil when there is none.
    private mutating func frame() throws(JournalFault) -> Frame.Header? {
        guard try cursor.load(Frame.headerBytes), let header = cursor.peek(Frame.headerBytes, Frame.Header.init) else { return nil }
        guard try cursor.load(header.frameBytes) else { return nil }
        return cursor.peek(header.frameBytes) { Frame.isValid(header, $0) } ? header : nil
    }

    /// Damage is a torn tail if nothing valid follows. If something does, the damaged bytes were once written in full; only a machine that went
    /// down before it synced them may have lost them while it kept later ones.
    private mutating func judgeDamage() throws(JournalFault) {
        let start = cursor.position
        guard !isLinked else { throw .corrupt(cursor.path, at: start, "the checksum is wrong in a segment that others follow") }
        guard try cursor.load(Int(cursor.remaining)) else { return try judgeDamage() }
        let length = Int(cursor.remaining)
        let behind = cursor.peek(length) { Self.frames(in: $0, after: nextSequence) }
        if behind.syncedTo > start {
            throw .corrupt(cursor.path, at: start, "the checksum is wrong before byte \(behind.syncedTo), up to which the file was synced")
        }
        if behind.count > 0, header.bootID == bootID {
            throw .corrupt(cursor.path, at: start, "the checksum is wrong and valid records follow")
        }
        tornTail = TornTail(
            position: JournalPosition(segment: header.name, offset: start), byteCount: UInt64(length), recordsBehind: behind.records)
    }

    /// Valid frames at any offset but the first. A sequence number that cannot stand there rules an offset out before its checksum is computed.
    private static func frames(
        in bytes: UnsafeRawBufferPointer, after sequence: UInt64
    ) -> (records: Int, count: Int, syncedTo: UInt64) {
        var found = (records: 0, count: 0, syncedTo: UInt64(0))
        let last = sequence + UInt64(bytes.count / Frame.headerBytes)
        var offset = 1
        while bytes.count - offset >= Frame.headerBytes {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            guard
                let header = Frame.Header(rest), header.sequence >= sequence, header.sequence <= last, header.frameBytes <= rest.count,
                case let frame = UnsafeRawBufferPointer(rebasing: rest[..<header.frameBytes]), Frame.isValid(header, frame)
            else {
                offset += 1
                continue
            }
            found.count += 1
            if header.isMark {
                found.syncedTo = max(found.syncedTo, Frame.markOffset(frame))
            } else {
                found.records += 1
            }
            offset += header.frameBytes
        }
        return found
    }
}
