internal import Glibc

/// A value that one side gives once and the other takes by blocking its thread. For the few synchronous calls of the public API.
package final class OneShot<Value: Sendable>: @unchecked Sendable {
    private let semaphore: UnsafeMutablePointer<sem_t>
    private let lock = Lock()
    private var value: Value?

    package init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    /// Only the first value counts.
    package func give(_ value: Value) {
        let isFirst = lock.withLock {
            guard self.value == nil else { return false }
            self.value = value
            return true
        }
        if isFirst { sem_post(semaphore) }
    }

    /// Blocks until a value is there. The giver must have a way out for every fault.
    package func take() -> Value {
        while true {
            if let value = lock.withLock({ value }) { return value }
            _ = sem_wait(semaphore)
        }
    }

    /// The same, for so long at most; nil: no value has come.
    package func take(withinMilliseconds limit: Int) -> Value? {
        var end = timespec()
        clock_gettime(CLOCK_REALTIME, &end)
        end.tv_sec += limit / 1000
        end.tv_nsec += limit % 1000 * 1_000_000
        if end.tv_nsec >= 1_000_000_000 {
            end.tv_sec += 1
            end.tv_nsec -= 1_000_000_000
        }
        while true {
            if let value = lock.withLock({ value }) { return value }
            if sem_timedwait(semaphore, &end) != 0, errno == ETIMEDOUT { return lock.withLock { value } }
        }
    }
}
