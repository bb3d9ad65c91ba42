/// What the journal and the run folder accept at most. Names carry their units.
package enum JournalLimits {
    /// A segment is closed before it would grow beyond this. One batch may be larger when a single record is.
    package static let segmentBytes = 64 << 20
    /// The largest record. Larger values belong in files beside the journal.
    package static let recordBytes = 16 << 20
    /// Records handed to one write(2), unless a single record is larger.
    package static let batchBytes = 4 << 20
    /// Records queued and not yet written beyond which ``JournalWriter/isOverloaded`` holds.
    package static let queueBytes = 64 << 20
    /// Under ``SyncPolicy/batch``: the longest time for which written records stay unsynced, besides the sync itself.
    package static let syncIntervalMilliseconds = 10
    /// Under ``SyncPolicy/batch``: written records kept in memory until they are synced; beyond it the sync comes at once.
    package static let unsyncedBytes = 16 << 20
    /// What a reader takes from a segment at a time.
    package static let readBytes = 1 << 20
    /// UTF-8 bytes of a run id.
    package static let runIDBytes = 56
    /// Letters of the workflow's name that a run id shows.
    package static let runNameBytes = 24
    /// The content of a lock file.
    package static let lockInfoBytes = 16 << 10
    /// A fence that is held is tried again after this, doubling up to the next.
    package static let fenceFirstPollMilliseconds = 1
    package static let fenceLastPollMilliseconds = 20
    /// New run ids tried when the folder of the first exists already.
    package static let runIDAttempts = 64
    /// A folder that was to become a run and is older than this, in seconds, was left by somebody who was killed.
    package static let stagedRunSeconds = 60
}
