internal import Glibc

/// Where user code runs in a worker: one thread of its own, never the one that answers the raylet. A body may block it.
package final class ThreadExecutor: TaskExecutor, @unchecked Sendable {
    private let lock = Lock()
    private var jobs: [UnownedJob] = []
    private var isEnded = false
    private let semaphore: UnsafeMutablePointer<sem_t>

    package init(name: String = "rayflow-task") {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
        Thread.start(name: name) { [self] in serve() }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        lock.withLock { jobs.append(job) }
        sem_post(semaphore)
    }

    /// The thread ends when nothing is at hand; what comes later never runs.
    package func end() {
        lock.withLock { isEnded = true }
        sem_post(semaphore)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    private func serve() {
        while true {
            while sem_wait(semaphore) != 0 {}
            let (batch, isOver) = lock.withLock {
                defer { jobs.removeAll(keepingCapacity: true) }
                return (jobs, isEnded)
            }
            if isOver, batch.isEmpty { return }
            for job in batch { job.runSynchronously(on: asUnownedTaskExecutor()) }
        }
    }
}
