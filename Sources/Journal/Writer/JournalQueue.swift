import CLinux
import Glibc
import Synchronization

/// What callers left for the writer thread, in order. A system mutex and condition: callers hold it for an append and signal only a thread that
/// sleeps.
final class JournalQueue: @unchecked Sendable {
    struct Entry {
        enum Kind {
            case record([UInt8])
            /// Commits when all before it are committed.
            case barrier
            /// Commits when all before it are synced.
            case flush
            /// Commits with a fault, in its turn.
            case refused(JournalFault)
        }
        var kind: Kind
        var commit: JournalWriter.Commit?

        var byteCount: Int {
            if case .record(let payload) = kind { payload.count } else { 0 }
        }
    }

    enum Taken {
        case entries
        case deadline
        case closed
    }

    /// Bytes of records appended and not yet written.
    let bytes = Atomic<Int>(0)
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var entries: [Entry] = []
    private var isWaiting = false
    private var isClosed = false

    init() {
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// False when the queue is closed: the entries will not be seen.
    func push(_ new: some Collection<Entry>) -> Bool {
        let count = new.reduce(0) { $0 + $1.byteCount }
        pthread_mutex_lock(mutex)
        guard !isClosed else {
            pthread_mutex_unlock(mutex)
            return false
        }
        entries.append(contentsOf: new)
        bytes.wrappingAdd(count, ordering: .relaxed)
        wake()
        return true
    }

    /// Nothing can be pushed from now on; what is queued is still taken. False when it was closed before.
    func close() -> Bool {
        pthread_mutex_lock(mutex)
        let first = !isClosed
        isClosed = true
        wake()
        return first
    }

    /// Waits for entries and swaps them into `taken`, which must be empty. `deadline` is in ns of the monotonic clock.
    func take(into taken: inout [Entry], deadline: UInt64?) -> Taken {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while entries.isEmpty {
            if isClosed { return .closed }
            isWaiting = true
            guard let deadline else {
                pthread_cond_wait(condition, mutex)
                continue
            }
            var time = timespec(tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
            if pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT, entries.isEmpty {
                isWaiting = false
                return .deadline
            }
        }
        isWaiting = false
        swap(&entries, &taken)
        return .entries
    }

    /// Unlocks first, so that the thread that wakes up does not meet a held mutex.
    private func wake() {
        let sleeps = isWaiting
        isWaiting = false
        pthread_mutex_unlock(mutex)
        if sleeps { pthread_cond_signal(condition) }
    }
}
