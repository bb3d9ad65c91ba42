internal import Glibc

/// Where the calls of an actor run that may run in parallel: up to `width` threads, started when they are needed. A body may block its thread.
package final class ThreadPoolExecutor: TaskExecutor, @unchecked Sendable {
    private let width: Int
    private let lock = Lock()
    private var jobs: [UnownedJob] = []
    private var head = 0
    private var threads = 0
    private var idle = 0
    private var isEnded = false
    private let semaphore: UnsafeMutablePointer<sem_t>

    package init(width: Int) {
        self.width = max(1, width)
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let mustStart = lock.withLock {
            jobs.append(job)
            guard jobs.count - head > idle, threads < width, !isEnded else { return false }
            threads += 1
            idle += 1
            return true
        }
        if mustStart { Thread.start(name: "rayflow-actor") { [self] in serve() } }
        sem_post(semaphore)
    }

    /// The threads end when nothing is at hand; what comes later never runs.
    package func end() {
        let count = lock.withLock {
            isEnded = true
            return threads
        }
        for _ in 0..<count { sem_post(semaphore) }
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    private func serve() {
        while true {
            while sem_wait(semaphore) != 0 {}
            // One post for each job, so there is one for whoever has passed, unless it is the end.
            let job: UnownedJob? = lock.withLock {
                guard head < jobs.count else { return nil }
                defer {
                    head += 1
                    idle -= 1
                    if head > 64, head * 2 > jobs.count {
                        jobs.removeFirst(head)
                        head = 0
                    }
                }
                return jobs[head]
            }
            guard let job else { return }
            job.runSynchronously(on: asUnownedTaskExecutor())
            lock.withLock { idle += 1 }
        }
    }
}
