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

    package func recorded(_ key: DecisionKey) -> [UInt8]? { nil }

    package func persisted(_ id: ObjectID, as state: RecordedState) { lock.withLock { making.persisted[id] = state } }

    package func acknowledged(_ message: JournalAck) {
        let body = lock.withLock { tickets.removeValue(forKey: message.ticket) }
        body?(message.error == nil)
    }

    package func receive(_ message: JournalRecords, from: Address, through core: CoreWorker) {}
}
