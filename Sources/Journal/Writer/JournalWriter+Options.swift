extension JournalWriter {
    package struct Options: Sendable {
        package var policy = SyncPolicy.batch
        package var segmentBytes = JournalLimits.segmentBytes
        package var queueBytes = JournalLimits.queueBytes
        package var syncIntervalMilliseconds = JournalLimits.syncIntervalMilliseconds
        var calls = FileCalls.system

        package init(policy: SyncPolicy = .batch) { self.policy = policy }
    }

    /// Called when records are committed under the writer's policy, or will never be.
    package typealias Commit = @Sendable (Result<Void, JournalFault>) -> Void
}
