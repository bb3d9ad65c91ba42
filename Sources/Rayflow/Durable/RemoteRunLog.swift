package import Ownership
package import RayflowCore
import Transport

/// A worker's way to the run's journal: records go to the driver in order, on the connection on which replies go.
package final class RemoteRunLog: RunLogging, @unchecked Sendable {
    private let keeper: Address
    private let lock = Lock()
    private var making = RecordMaking()
    private var tickets: [UInt64: @Sendable (Bool) -> Void] = [:]
    private var nextTicket: UInt64 = 1
    /// What came with the tasks of this worker.
    private var received: [LineageID: HistoryEntry] = [:]
    package let outputFolder: String?
    package weak var core: CoreWorker?

    package init(keeper: Address, outputFolder: String?) {
        self.keeper = keeper
        self.outputFolder = outputFolder
    }

    package func append(_ record: OwnerRecord, from core: CoreWorker) { append(lock.withLock { making.record(record) }, committed: nil) }

    package func append(_ record: OwnerRecord, from core: CoreWorker, committed: @escaping @Sendable (Bool) -> Void) {
        append(lock.withLock { making.record(record) }, committed: committed)
    }

    package func append(_ record: RunRecord, committed: (@Sendable (Bool) -> Void)?) {
        guard let core else {
            committed?(false)
            return
        }
        let ticket: UInt64 = lock.withLock {
            guard let committed else { return 0 }
            defer { nextTicket += 1 }
            tickets[nextTicket] = committed
            return nextTicket
        }
        let message = Message.journalRecords(JournalRecords(ticket: ticket, records: [record.bytes]))
        if core.loop.isInLoop { core.send(message, to: keeper) } else { core.post(message, to: keeper) }
    }

    package func recorded(_ key: DecisionKey) -> [UInt8]? {
        guard case .inline(let enclosed)? = lock.withLock({ received[key.lineage] })?.states.first else { return nil }
        return enclosed.payload.bytes
    }

    func remember(_ entries: [HistoryEntry]) {
        lock.withLock { for entry in entries { received[entry.lineage] = entry } }
    }

    /// All of it: which part a task needs is known only to the journal's keeper.
    package func history(of lineage: LineageID, owner: Address) -> [HistoryEntry] { lock.withLock { Array(received.values) } }

    package func persisted(_ id: ObjectID, as state: RecordedState) { lock.withLock { making.persisted[id] = state } }

    package func acknowledged(_ message: JournalAck) {
        let body = lock.withLock { tickets.removeValue(forKey: message.ticket) }
        body?(message.error == nil)
    }

    package func receive(_ message: JournalRecords, from: Address, through core: CoreWorker) {}
}
