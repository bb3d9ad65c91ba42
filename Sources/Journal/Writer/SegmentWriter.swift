import CLinux
import Glibc
import RayflowCore

/// The segments that one holder of a run writes: rotation, syncs, and the move to a new segment when one fails. Lives on the writer thread.
///
/// After it threw, nothing more may be written.
struct SegmentWriter: ~Copyable {
    /// A point between two records of the current segment.
    private struct Mark {
        var offset: UInt64
        var sequence: UInt64
    }

    private let folder: String
    private let runID: String
    private let options: JournalWriter.Options
    private var name: SegmentName
    private var file: Descriptor
    private var end: Mark
    /// The segment is whole up to here whatever happens to it; what follows is in `retained`, too.
    private var safe: Mark
    /// The frames from `safe` to `end`, for a new segment if this one fails. Empty under ``SyncPolicy/never``.
    private var retained: [UInt8] = []
    private var unsynced = false
    /// A mark could not be written in full: the segment takes no more.
    private var isBroken = false

    /// Starts a new segment, with its link to what `end` says.
    init(folder: String, epoch: UInt32, runID: String, after end: JournalEnd, options: JournalWriter.Options) throws(JournalFault) {
        self.folder = folder
        self.runID = runID
        self.options = options
        name = SegmentName(epoch: epoch, index: end.lastIndex + 1)
        let header = SegmentHeader(
            name: name, firstSequence: end.nextSequence, previous: end.link, createdAt: rf_wall_ns(), bootID: .current, runID: runID)
        file = try Self.create(header, frames: [], in: folder, options.calls)
        self.end = Mark(offset: UInt64(SegmentHeader.byteCount), sequence: end.nextSequence)
        safe = self.end
    }

    var nextSequence: UInt64 { end.sequence }
    var hasUnsynced: Bool { unsynced }
    var unsyncedBytes: Int { retained.count }

    /// Writes whole frames with one write(2). `sequence` is the number of the record after them.
    mutating func append(_ frames: [UInt8], nextSequence sequence: UInt64) throws(JournalFault) {
        guard !frames.isEmpty else { return }
        let isFull = end.offset > UInt64(SegmentHeader.byteCount) && end.offset + UInt64(frames.count) > UInt64(options.segmentBytes)
        if isFull, !isBroken { try sync() }
        if isFull || isBroken {
            return try moveOn(with: frames, nextSequence: sequence)
        }
        FailPoint.hit("journal.before-append")
        let error = frames.withUnsafeBytes { options.calls.writeAll(file.raw, $0) }
        guard error == 0 else {
            return try moveOn(
                with: frames, nextSequence: sequence, because: JournalFault(errorNumber: error, path: path, "write the journal"))
        }
        FailPoint.hit("journal.after-append")
        end = Mark(offset: end.offset + UInt64(frames.count), sequence: sequence)
        unsynced = true
        if options.policy == .never {
            safe = end
        } else {
            retained.append(contentsOf: frames)
        }
    }

    /// Makes everything appended survive power loss.
    mutating func sync() throws(JournalFault) {
        guard unsynced else { return }
        FailPoint.hit("journal.before-sync")
        guard options.calls.sync(file.raw) == 0 else {
            let fault = JournalFault(errorNumber: errno, path: path, "sync the journal")
            // Without the frames in memory they cannot be written again.
            guard options.policy != .never else { throw fault }
            return try moveOn(with: [], nextSequence: end.sequence, because: fault)
        }
        FailPoint.hit("journal.after-sync")
        unsynced = false
        safe = end
        retained.removeAll(keepingCapacity: true)
        writeMark()
    }

    /// Tells readers up to where the segment is synced. Needs no sync itself, and its failure concerns only the segment's future.
    private mutating func writeMark() {
        var frame: [UInt8] = []
        Frame.appendMark(syncedTo: safe.offset, sequence: safe.sequence, to: &frame)
        if frame.withUnsafeBytes({ options.calls.writeAll(file.raw, $0) }) == 0 {
            end.offset += UInt64(frame.count)
        } else {
            isBroken = true
        }
    }

    /// Goes on in a new segment, which continues this one from `safe` and starts with the retained frames and these, synced.
    private mutating func moveOn(
        with frames: [UInt8], nextSequence sequence: UInt64, because cause: JournalFault? = nil
    ) throws(JournalFault) {
        let next = SegmentName(epoch: name.epoch, index: name.index + 1)
        let header = SegmentHeader(
            name: next, firstSequence: safe.sequence, previous: SegmentLink(segment: name, offset: safe.offset), createdAt: rf_wall_ns(),
            bootID: .current, runID: runID)
        retained.append(contentsOf: frames)
        do throws(JournalFault) {
            file = try Self.create(header, frames: retained, in: folder, options.calls)
        } catch {
            guard var cause else { throw error }
            cause.message += " (a new segment failed, too: \(error.message))"
            throw cause
        }
        name = next
        end = Mark(offset: UInt64(SegmentHeader.byteCount + retained.count), sequence: sequence)
        safe = end
        unsynced = false
        isBroken = false
        if !retained.isEmpty { writeMark() }
        retained.removeAll(keepingCapacity: true)
    }

    private var path: String { "\(folder)/\(name)" }

    /// A segment appears under its name only when its header and first frames are synced, so that no reader follows a link from half a segment.
    private static func create(
        _ header: SegmentHeader, frames: [UInt8], in folder: String, _ calls: FileCalls
    ) throws(JournalFault) -> Descriptor {
        let path = "\(folder)/\(header.name)"
        let temporary = temporaryPrefix(in: folder) + "\(header.name)"
        do throws(JournalFault) {
            try Files.writeNew(temporary, [header.bytes, frames], sync: true, calls: calls)
            let file = try Files.open(temporary, O_WRONLY | O_APPEND, "open the segment")
            FailPoint.hit("journal.before-segment")
            guard rename(temporary, path) == 0 else { throw JournalFault(errorNumber: errno, path: path, "name the segment") }
            FailPoint.hit("journal.after-segment")
            try Files.syncFolder(folder)
            return file
        } catch {
            unlink(temporary)
            throw error
        }
    }

    private static func temporaryPrefix(in folder: String) -> String { "\(folder)/.new-" }

    /// Removes what a holder left that died while it made a segment.
    static func removeLeftovers(in folder: String) throws(JournalFault) {
        for name in try Files.names(in: folder) where name.hasPrefix(".new-journal-") { unlink("\(folder)/\(name)") }
    }
}
