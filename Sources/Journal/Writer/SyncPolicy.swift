/// When a record counts as committed, and when the file is synced.
package enum SyncPolicy: String, Sendable, CaseIterable {
    /// Committed when write(2) returned. Synced when a segment ends, at a flush and at close.
    case never
    /// Committed when write(2) returned. Synced at most ``JournalLimits/syncIntervalMilliseconds`` later. The default.
    case batch
    /// Committed when fdatasync returned.
    case every
}
