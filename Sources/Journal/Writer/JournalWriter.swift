import Glibc
import Synchronization

/// Appends a run's records, in the order given, from one thread of its own.
///
/// Any thread may append; it costs a short lock and no system call unless the writer thread sleeps. The holder of a run's ``RunLock`` opens one
/// writer. Commits and `onFault` are called on the writer thread, in order, and must not block; after ``close()`` the commit of a late append is
/// called at once on the appending thread, with `closed`.
///
/// A failed write or fdatasync is final for its segment: what was not synced is written once more, into a new segment. If that fails, too,
/// `onFault` is called once, and every pending and later commit fails with the same fault.
package final class JournalWriter: Sendable {
    package let folder: String
    package let epoch: UInt32
    private let queue = JournalQueue()
    private let queueBytes: Int
    private let thread: WriterThread

    /// Opens a journal for a new holder: it writes new segments that carry its epoch and continue what `end` says.
    ///
    /// - Parameters:
    ///   - folder: an existing folder for the segments alone.
    ///   - epoch: from 1, higher than that of every holder before.
    ///   - end: what ``JournalReader`` returned under the same run lock; nil for a new journal.
    /// - Throws: `exists` for an epoch or journal that is there already, otherwise what creating a file throws.
    package static func open(
        folder: String, epoch: UInt32, runID: String, after end: JournalEnd?, options: Options = Options(),
        onFault: @escaping @Sendable (JournalFault) -> Void = { _ in }
    ) throws(JournalFault) -> JournalWriter {
        guard runID.utf8.count <= JournalLimits.runIDBytes else {
            throw JournalFault(.tooLarge, path: folder, "the run id has more than \(JournalLimits.runIDBytes) bytes")
        }
        let found = try Files.names(in: folder).compactMap(SegmentName.init)
        let newest = SegmentName(epoch: end?.lastEpoch ?? 0, index: end?.lastIndex ?? 0)
        guard epoch > newest.epoch, found.allSatisfy({ $0.epoch <= newest.epoch && $0.index <= newest.index }) else {
            throw JournalFault(
                .exists, path: folder,
                "the journal has segments of epoch \(found.map(\.epoch).max() ?? newest.epoch): resume the run instead")
        }
        if let other = end?.runID, other != runID {
            throw JournalFault(.exists, path: folder, "the journal belongs to run \(other)")
        }
        try SegmentWriter.removeLeftovers(in: folder)
        // The link claims these bytes for good, so they must not be lost later than it.
        if let link = end?.link {
            let path = "\(folder)/\(link.segment)"
            let last = try Files.open(path, O_RDONLY, "open the last segment")
            guard options.calls.sync(last.raw) == 0 else { throw JournalFault(errorNumber: errno, path: path, "sync the journal") }
        }
        let segments = try SegmentWriter(folder: folder, epoch: epoch, runID: runID, after: end ?? JournalEnd(), options: options)
        return try JournalWriter(folder: folder, epoch: epoch, segments: segments, options: options, onFault: onFault)
    }

    private init(
        folder: String, epoch: UInt32, segments: consuming SegmentWriter, options: Options,
        onFault: @escaping @Sendable (JournalFault) -> Void
    ) throws(JournalFault) {
        self.folder = folder
        self.epoch = epoch
        queueBytes = options.queueBytes
        thread = try WriterThread(WriterLoop(queue, segments, options, onFault: onFault), path: folder)
    }

    deinit { close() }

    /// True while more bytes wait to be written than the limit: callers should hold back new work. Appends are taken all the same.
    package var isOverloaded: Bool { queue.bytes.load(ordering: .relaxed) > queueBytes }

    /// Appends one record. `commit` is called when it is committed under the policy; a record beyond ``JournalLimits/recordBytes`` fails with
    /// `tooLarge` and is left out.
    package func append(_ record: [UInt8], commit: Commit? = nil) {
        push(CollectionOfOne(Self.entry(record, commit, folder)), commit)
    }

    /// Appends records next to each other. `commit` is called once, with the outcome of the last one.
    package func append(batch records: [[UInt8]], commit: Commit? = nil) {
        guard let last = records.last else { return push(CollectionOfOne(.init(kind: .barrier, commit: commit)), commit) }
        var entries = records.dropLast().map { Self.entry($0, nil, folder) }
        entries.append(Self.entry(last, commit, folder))
        push(entries, commit)
    }

    /// Calls back when everything appended before survives power loss, under every policy.
    package func flush(_ completion: @escaping Commit) {
        push(CollectionOfOne(.init(kind: .flush, commit: completion)), completion)
    }

    /// Writes and syncs what is queued and ends the thread. Blocks until then, except on the writer thread itself. Later calls do nothing.
    package func close() {
        if queue.close() { thread.join() }
    }

    private func push(_ entries: some Collection<JournalQueue.Entry>, _ commit: Commit?) {
        guard !queue.push(entries) else { return }
        commit?(.failure(JournalFault(.closed, path: folder, "the journal is closed")))
    }

    private static func entry(_ record: [UInt8], _ commit: Commit?, _ folder: String) -> JournalQueue.Entry {
        guard record.count <= JournalLimits.recordBytes else {
            let message = "a record of \(record.count) bytes is beyond the limit of \(JournalLimits.recordBytes); keep the value in a file"
            return .init(kind: .refused(JournalFault(.tooLarge, path: folder, message)), commit: commit)
        }
        return .init(kind: .record(record), commit: commit)
    }
}
