package import Journal
package import Ownership
package import RayflowCore

/// The journal of a durable run, in the driver: the only writer.
package final class RunLog: RunLogging, @unchecked Sendable {
    package let folder: RunFolder
    package let epoch: UInt32
    package let root: LineageID
    private let writer: JournalWriter
    private let lock = Lock()
    private var past: RunPast
    private var making = RecordMaking()
    private let previousCalls: Bool

    /// - Parameter past: what earlier epochs left; grows by this epoch's actor calls, which a restart of their actor needs.
    package init(folder: RunFolder, epoch: UInt32, writer: JournalWriter, past: RunPast) {
        self.folder = folder
        self.epoch = epoch
        self.writer = writer
        self.past = past
        previousCalls = !past.calls.isEmpty
        var hasher = Digest128Hasher()
        hasher.update("rayflow.run")
        hasher.update(folder.id)
        root = LineageID(high: hasher.digest.high, low: hasher.digest.low)
    }

    package var outputFolder: String? { folder.outputs }

    package func history(owner: Address) -> [LineageID: OwnerInstance.Recorded] { lock.withLock { past.history(owner: owner) } }
    package func history(of lineage: LineageID, owner: Address) -> [HistoryEntry] {
        lock.withLock { past.descendants(of: lineage, owner: owner) }
    }
    package func calls(of actor: LineageID) -> [LoggedCall] { lock.withLock { past.calls[actor] ?? [] } }
    package func formerActors(of lineage: LineageID) -> [ActorID] {
        lock.withLock { past.actors.filter { $0.value == lineage }.map(\.key) }
    }
    package func finished(_ lineage: LineageID) -> FinishedRecord? { lock.withLock { past.finished[lineage] } }

    // MARK: Writing

    package func append(_ record: OwnerRecord, from core: CoreWorker) { writer.append(lock.withLock { making.record(record) }.bytes) }

    package func append(_ record: OwnerRecord, from core: CoreWorker, committed: @escaping @Sendable (Bool) -> Void) {
        append(lock.withLock { making.record(record) }, committed: committed)
    }

    package func append(_ record: RunRecord, committed: (@Sendable (Bool) -> Void)?) {
        guard let committed else { return writer.append(record.bytes) }
        writer.append(record.bytes) { result in
            if case .success = result { committed(true) } else { committed(false) }
        }
    }

    package func recorded(_ key: DecisionKey) -> [UInt8]? { lock.withLock { past.decisions[key] } }

    package func persisted(_ id: ObjectID, as state: RecordedState) { lock.withLock { making.persisted[id] = state } }

    package func acknowledged(_ message: JournalAck) {}

    /// Records of a worker: into the journal as they come.
    package func receive(_ message: JournalRecords, from: Address, through core: CoreWorker) {
        for bytes in message.records {
            if case .actorCall(let actor, let call)? = try? RunRecord(bytes) {
                lock.withLock { past.add(.actorCall(actor: actor, call: call)) }
            }
        }
        guard message.ticket != 0 else { return writer.append(batch: message.records) }
        let ticket = message.ticket
        writer.append(batch: message.records) { [weak core] result in
            var error: ErrorRecord?
            if case .failure(let fault) = result { error = ErrorRecord(RayflowError(.system, "the run's journal failed: \(fault)")) }
            let message = Message.journalAck(JournalAck(ticket: ticket, error: error))
            core?.post(message, to: from)
        }
    }

    package func flush(_ body: @escaping @Sendable (Bool) -> Void) {
        writer.flush { result in
            if case .success = result { body(true) } else { body(false) }
        }
    }

    package func close() { writer.close() }
}
