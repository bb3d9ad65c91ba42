internal import CLinux
internal import Glibc

/// Threads for what may take longer than a loop turn: file IO, fsync, page population, compression.
package final class IOPool: @unchecked Sendable {
    private let lock = Lock()
    private let semaphore: UnsafeMutablePointer<sem_t>
    /// Those that were taken are nil: what a job holds goes with it, not with the last of the queue.
    private var jobs: [(@Sendable () -> Void)?] = []
    private var head = 0
    private var isClosed = false
    private let threads: Int
    private var started = 0

    /// Threads start when they are first needed.
    package init(threads: Int = RuntimeLimits.ioThreads) {
        self.threads = threads
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    package func run(_ job: @escaping @Sendable () -> Void) {
        let mustStart = lock.withLock {
            if isClosed { return false }
            jobs.append(job)
            guard started < threads else { return false }
            started += 1
            return true
        }
        if mustStart { Thread.start(name: "rayflow-io") { [self] in work() } }
        sem_post(semaphore)
    }

    /// Its threads end when they have done what was asked for so far; later jobs are never run.
    package func close() {
        let count = lock.withLock {
            isClosed = true
            return started
        }
        for _ in 0..<count { sem_post(semaphore) }
    }

    private func work() {
        while true {
            while sem_wait(semaphore) != 0 {}
            var isOver = false
            let job: (@Sendable () -> Void)? = lock.withLock {
                guard head < jobs.count else {
                    isOver = isClosed
                    return nil
                }
                let job = jobs[head].take()
                head += 1
                if head == jobs.count || head > RuntimeLimits.takenJobs && head * 2 > jobs.count {
                    jobs.removeFirst(head)
                    head = 0
                }
                return job
            }
            if isOver { return }
            job?()
        }
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }
}

/// A detached thread that runs one closure.
package enum Thread {
    package static func start(name: String, _ body: @escaping @Sendable () -> Void) {
        final class Box: Sendable {
            let body: @Sendable () -> Void
            let name: String
            init(_ name: String, _ body: @escaping @Sendable () -> Void) {
                self.body = body
                self.name = name
            }
        }
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(name, body))
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let box = Unmanaged<Box>.fromOpaque(argument).takeRetainedValue()
                _ = rf_set_name(box.name)
                box.body()
                return nil
            }, box.toOpaque())
        precondition(code == 0, "pthread_create: \(code)")
        pthread_detach(thread)
    }
}
