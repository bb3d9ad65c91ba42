package import Ownership
package import RayflowCore

/// The run's journal as a driver or a worker sees it. The driver writes it; a worker sends its records there, in order.
package protocol RunLogging: AnyObject, Sendable {
    func append(_ record: OwnerRecord, from core: CoreWorker)
    /// `committed` is called with false when the journal has failed.
    func append(_ record: OwnerRecord, from core: CoreWorker, committed: @escaping @Sendable (Bool) -> Void)
    func append(_ record: RunRecord, committed: (@Sendable (Bool) -> Void)?)

    func recorded(_ key: DecisionKey) -> [UInt8]?
    func decide(_ key: DecisionKey, answer: [UInt8], from core: CoreWorker)
    func decide(_ key: DecisionKey, answer: [UInt8], from core: CoreWorker, committed: @escaping @Sendable (Bool) -> Void)

    /// What a task that runs again has finished and decided before: travels with its push.
    func history(of lineage: LineageID, owner: Address) -> [HistoryEntry]

    /// Results that lie in shared memory have been written to the run folder.
    func persisted(_ id: ObjectID, as state: RecordedState)
    /// Where they are to be written; nil: this process cannot.
    var outputFolder: String? { get }

    func acknowledged(_ message: JournalAck)
    func receive(_ message: JournalRecords, from: Address, through core: CoreWorker)
}

extension RunLogging {
    package func decide(_ key: DecisionKey, answer: [UInt8], from core: CoreWorker, committed: @escaping @Sendable (Bool) -> Void) {
        append(
            .decision(DecisionRecord(parent: key.parent, kind: key.kind, question: key.question, ordinal: key.ordinal, answer: answer)),
            committed: committed)
    }
    package func decide(_ key: DecisionKey, answer: [UInt8], from core: CoreWorker) {
        append(
            .decision(DecisionRecord(parent: key.parent, kind: key.kind, question: key.question, ordinal: key.ordinal, answer: answer)),
            committed: nil)
    }
}
