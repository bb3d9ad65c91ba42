/// One record and where it stands.
package struct JournalRecord: Hashable, Sendable {
    /// Counts a run's records from 1 without gaps, over segments and epochs.
    package var sequence: UInt64
    package var position: JournalPosition
    package var payload: [UInt8]
}

/// A byte in a segment.
package struct JournalPosition: Hashable, Sendable {
    package var segment: SegmentName
    package var offset: UInt64
}

/// Bytes at the end of the last segment that are no records: a writer died while it wrote them.
package struct TornTail: Hashable, Sendable {
    package var position: JournalPosition
    package var byteCount: UInt64
    /// Records found whole behind the damage and not used; only after the machine itself went down before they were synced.
    package var recordsBehind: Int
}

/// Where a journal ends: what the next writer must know.
package struct JournalEnd: Hashable, Sendable {
    /// The run that the segments name; nil when there is none.
    package var runID: String?
    /// The newest epoch and segment index that any file name carries; 0 when there is none.
    package var lastEpoch: UInt32 = 0
    package var lastIndex: UInt32 = 0
    /// The last segment and its last valid offset; nil when nothing was written yet.
    package var link: SegmentLink?
    /// The sequence number that the next record gets.
    package var nextSequence: UInt64 = 1
    /// The segments that make up the journal, in order, each with the offset up to which it counts.
    package var segments: [SegmentLink] = []
    package var tornTail: TornTail?
}

/// A journal read as a whole.
package struct JournalContents: Hashable, Sendable {
    package var records: [JournalRecord]
    package var end: JournalEnd
}
