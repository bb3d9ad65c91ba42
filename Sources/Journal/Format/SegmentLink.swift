/// Where the segment before ends: bytes from `offset` on are not part of the journal.
package struct SegmentLink: Hashable, Sendable {
    package var segment: SegmentName
    package var offset: UInt64

    package init(segment: SegmentName, offset: UInt64) {
        self.segment = segment
        self.offset = offset
    }
}
