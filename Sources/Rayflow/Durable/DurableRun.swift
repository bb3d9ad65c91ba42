internal import CLinux
package import Journal
internal import Raylet
package import RayflowCore

/// A run that this process holds: its folder, its lock, what earlier epochs left, and its journal.
package final class DurableRun: Sendable {
    package let folder: RunFolder
    package let epoch: UInt32
    /// Everything that earlier epochs wrote, in order.
    package let records: [RunRecord]
    package let log: RunLog
    package let lock: RunLock
    /// Survivors of a step runner that was killed: ended before anything new starts.
    package let sweptProcesses: Int

    private init(folder: RunFolder, epoch: UInt32, records: [RunRecord], log: RunLog, lock: RunLock, swept: Int) {
        self.folder = folder
        self.epoch = epoch
        self.records = records
        self.log = log
        self.lock = lock
        sweptProcesses = swept
    }

    /// Who holds the run, when it is not free.
    package struct Held: Error, Sendable {
        package var info: RunLock.Info
    }

    /// What a step's processes carry in `RAYFLOW_STEP`, before the attempt.
    package static func tokenPrefix(_ folder: RunFolder) -> String {
        // The folder, not only the id: runs of other homes may have the same.
        let digest = Digest128(of: Array(folder.path.utf8))
        return "\(folder.id):\(hex(digest.high)):"
    }

    /// Opens a run for a new epoch: takes its lock, reads its journal, waits until nothing of the epoch before lives, starts a segment.
    ///
    /// - Parameters:
    ///   - sync: when records count as committed.
    ///   - fenceTime: how long to wait for a step runner that is still ending its children.
    /// - Throws: ``Held`` when a live process has the run; ``JournalFault``; `RayflowError` for a journal that cannot be read.
    package static func open(
        _ folder: RunFolder, sync: SyncPolicy = .batch, fenceTime: Duration = .seconds(60),
        onFault: @escaping @Sendable (JournalFault) -> Void
    ) throws -> DurableRun {
        let lock: RunLock
        switch try RunLock.acquire(folder, info: .current()) {
        case .held(let info): throw Held(info: info)
        case .acquired(let taken): lock = taken
        }
        let isNew = try Files.names(in: folder.journal).isEmpty
        var records: [RunRecord] = []
        var end: JournalEnd?
        if !isNew {
            let contents = try JournalReader.read(folder: folder.journal)
            end = contents.end
            records = try decode(contents.records, folder)
            // Nothing of the epoch before may live: its runner holds the fence until its children are gone.
            switch try Fence.acquire(folder, .exclusive, within: fenceTime) {
            case .acquired: break
            default:
                throw RayflowError(
                    .system, "steps of run \(folder.id) still run and do not end; stop them, then resume (fence \(folder.fence))")
            }
        }
        let swept = isNew ? [] : Sweeper.sweep(tokenPrefix: tokenPrefix(folder))
        let epoch = (end?.lastEpoch ?? 0) + 1
        try lock.update { $0.epoch = epoch }
        let writer = try JournalWriter.open(
            folder: folder.journal, epoch: epoch, runID: folder.id, after: end, options: .init(policy: sync), onFault: onFault)
        let log = RunLog(folder: folder, epoch: epoch, writer: writer, past: RunPast(records))
        return DurableRun(folder: folder, epoch: epoch, records: records, log: log, lock: lock, swept: swept.count)
    }

    /// The records of a journal, for those who only look.
    package static func read(_ folder: RunFolder) throws -> [RunRecord] {
        try decode(try JournalReader.read(folder: folder.journal).records, folder)
    }

    private static func decode(_ records: [JournalRecord], _ folder: RunFolder) throws -> [RunRecord] {
        try records.map { record in
            do { return try RunRecord(record.payload) } catch {
                throw RayflowError(
                    .corrupt,
                    "the journal of run \(folder.id) has a record that this version cannot read, in \(record.position.segment) at byte "
                        + "\(record.position.offset): \(error)")
            }
        }
    }

    package func close() {
        log.close()
        lock.release()
    }
}

extension RunHome {
    /// The newest run of that name (a whole id also does), or a new one.
    package func makeOrFindRun(id: String) throws(JournalFault) -> RunFolder {
        let name = RunID.slug(id)
        if let found = try runs().last(where: { $0.id == id || !name.isEmpty && $0.id.hasSuffix("-\(name)") }) { return found }
        return try makeRun(name: id)
    }
}
