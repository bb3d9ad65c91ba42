package import RayflowCore

/// The workers of actors that were lost, with the reason, for status output.
package struct WorkerManager: Sendable {
    package struct Lost: Hashable, Sendable {
        package var worker: Address
        package var error: ErrorRecord
        /// Monotonic nanoseconds.
        package var at: UInt64
    }

    private var byWorker: [Address: Lost] = [:]
    private var history: BoundedHistory<Address>

    init(remembered: Int) { history = BoundedHistory(limit: remembered) }

    package subscript(worker: Address) -> Lost? { byWorker[worker] }
    package var count: Int { byWorker.count }

    mutating func lost(_ worker: Address, _ error: ErrorRecord, now: UInt64) {
        guard byWorker[worker] == nil else { return }
        byWorker[worker] = Lost(worker: worker, error: error, at: now)
        if let forgotten = history.append(worker) { byWorker[forgotten] = nil }
    }
}
