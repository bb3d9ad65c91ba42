import CLinux
import Synchronization

/// The writer thread's work: takes what is queued, writes it in batches, syncs when it is due, and answers.
struct WriterLoop: ~Copyable {
    private let queue: JournalQueue
    private let options: JournalWriter.Options
    private let onFault: @Sendable (JournalFault) -> Void
    private var segments: SegmentWriter
    private var fault: JournalFault?
    /// When unsynced records must be synced, in ns of the monotonic clock.
    private var syncDeadline: UInt64?

    init(
        _ queue: JournalQueue, _ segments: consuming SegmentWriter, _ options: JournalWriter.Options,
        onFault: @escaping @Sendable (JournalFault) -> Void
    ) {
        self.queue = queue
        self.segments = segments
        self.options = options
        self.onFault = onFault
    }

    /// Returns when the queue is closed and everything in it is done.
    mutating func run() {
        var entries: [JournalQueue.Entry] = []
        var frames: [UInt8] = []
        while true {
            switch queue.take(into: &entries, deadline: syncDeadline) {
            case .entries:
                var rest = entries[...]
                while !rest.isEmpty { commit(nextBatch(&rest, &frames), frames) }
                entries.removeAll(keepingCapacity: entries.count < 4096)
            case .deadline:
                sync()
            case .closed:
                return sync()
            }
            if frames.capacity > 2 * JournalLimits.batchBytes { frames = [] }
            if let syncDeadline, rf_monotonic_ns() >= syncDeadline { sync() }
        }
    }

    private struct Batch {
        var entries: ArraySlice<JournalQueue.Entry>
        var nextSequence: UInt64
        var payloadBytes = 0
        var wantsSync = false
    }

    /// Encodes entries up to a flush or the size of a batch.
    private func nextBatch(_ rest: inout ArraySlice<JournalQueue.Entry>, _ frames: inout [UInt8]) -> Batch {
        var batch = Batch(entries: rest, nextSequence: segments.nextSequence)
        frames.removeAll(keepingCapacity: true)
        while let entry = rest.first, !batch.wantsSync {
            switch entry.kind {
            case .record(let payload):
                if !frames.isEmpty, frames.count + Frame.headerBytes + payload.count > JournalLimits.batchBytes {
                    batch.entries = batch.entries[..<rest.startIndex]
                    return batch
                }
                Frame.appendRecord(payload, sequence: batch.nextSequence, to: &frames)
                batch.nextSequence += 1
                batch.payloadBytes += payload.count
            case .flush: batch.wantsSync = true
            case .barrier, .refused: break
            }
            rest.removeFirst()
        }
        batch.entries = batch.entries[..<rest.startIndex]
        return batch
    }

    private mutating func commit(_ batch: Batch, _ frames: [UInt8]) {
        attempt { segments throws(JournalFault) in try segments.append(frames, nextSequence: batch.nextSequence) }
        if batch.wantsSync || options.policy == .every || options.policy == .batch && segments.unsyncedBytes > JournalLimits.unsyncedBytes {
            sync()
        } else if options.policy == .batch, segments.hasUnsynced, syncDeadline == nil {
            syncDeadline = rf_monotonic_ns() + UInt64(options.syncIntervalMilliseconds) * 1_000_000
        }
        queue.bytes.wrappingSubtract(batch.payloadBytes, ordering: .relaxed)
        let result: Result<Void, JournalFault> = fault.map { .failure($0) } ?? .success(())
        for entry in batch.entries {
            guard let commit = entry.commit else { continue }
            if case .refused(let refusal) = entry.kind { commit(.failure(refusal)) } else { commit(result) }
        }
    }

    private mutating func sync() {
        syncDeadline = nil
        attempt { segments throws(JournalFault) in try segments.sync() }
    }

    /// The first fault is final: it is reported once, and nothing is tried after it.
    private mutating func attempt(_ body: (inout SegmentWriter) throws(JournalFault) -> Void) {
        guard fault == nil else { return }
        do throws(JournalFault) {
            try body(&segments)
        } catch {
            fault = error
            onFault(error)
        }
    }
}
