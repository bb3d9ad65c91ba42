/// Reads a run's journal, also while another process writes it: what is not yet written in full is then simply the end.
///
/// Read-only. Damage is never skipped: it is either a torn tail of the last segment, which ends the journal, or a ``JournalFault/Code/corrupt``
/// fault with file and offset.
package enum JournalReader {
    /// All records. For large journals use ``forEach(folder:_:)``.
    package static func read(folder: String) throws(JournalFault) -> JournalContents {
        var records: [JournalRecord] = []
        let end = try forEach(folder: folder) { record throws(JournalFault) in records.append(record) }
        return JournalContents(records: records, end: end)
    }

    /// Calls `body` with each record in order, holding a small part of the journal in memory. Stops at what `body` throws.
    ///
    /// - Throws: `missing` and `notAFolder` for the folder itself, `newerVersion`, `corrupt`, `system`. Records before damage were passed to
    ///   `body` by then.
    @discardableResult
    package static func forEach(
        folder: String, _ body: (JournalRecord) throws(JournalFault) -> Void
    ) throws(JournalFault) -> JournalEnd {
        try forEach(folder: folder, bootID: .current, body)
    }

    static func forEach(
        folder: String, bootID: BootID, _ body: (JournalRecord) throws(JournalFault) -> Void
    ) throws(JournalFault) -> JournalEnd {
        let chain = try JournalChain(folder: folder)
        var end = JournalEnd()
        end.runID = chain.links.first?.header.runID
        end.lastEpoch = chain.lastEpoch
        end.lastIndex = chain.lastIndex
        end.tornTail = chain.torn
        for link in chain.links {
            let cursor = try SegmentCursor(path: "\(folder)/\(link.header.name)")
            var segment = try SegmentReader(link.header, cursor, end: link.end, sequence: end.nextSequence, bootID: bootID)
            while let record = try segment.next() { try body(record) }
            end.nextSequence = segment.nextSequence
            end.segments.append(SegmentLink(segment: link.header.name, offset: segment.position))
            if let torn = segment.tornTail { end.tornTail = torn }
        }
        end.link = end.segments.last
        return end
    }
}
