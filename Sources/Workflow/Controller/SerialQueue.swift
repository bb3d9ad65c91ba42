internal import CLinux
internal import Glibc

/// A thread that runs closures one after the other, and some of them later.
///
/// What only its closures touch needs no lock. It lasts until ``close()``.
package final class SerialQueue: @unchecked Sendable {
    private struct Timer {
        var deadline: UInt64
        var number: UInt64
        var body: @Sendable () -> Void
    }

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [@Sendable () -> Void] = []
    /// The next one last.
    private var timers: [Timer] = []
    private var timerNumber: UInt64 = 0
    private var isClosed = false

    package init(name: String) {
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
        pthread_mutex_init(mutex, nil)
        var thread = pthread_t()
        let start = Unmanaged.passRetained(Start(self, name))
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                _ = rf_set_name(start.name)
                start.queue.work()
                return nil
            }, start.toOpaque())
        precondition(code == 0, "pthread_create: \(code)")
        pthread_detach(thread)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    private final class Start {
        let queue: SerialQueue
        let name: String
        init(_ queue: SerialQueue, _ name: String) {
            self.queue = queue
            self.name = name
        }
    }

    /// After everything that was given before. Nothing happens once the queue is closed.
    package func run(_ job: @escaping @Sendable () -> Void) {
        change { jobs.append(job) }
    }

    package func run(afterNanoseconds delay: UInt64, _ job: @escaping @Sendable () -> Void) {
        let (sum, overflow) = rf_monotonic_ns().addingReportingOverflow(delay)
        change {
            timerNumber += 1
            let timer = Timer(deadline: overflow ? .max : sum, number: timerNumber, body: job)
            let place = timers.firstIndex { ($0.deadline, $0.number) < (timer.deadline, timer.number) } ?? timers.count
            timers.insert(timer, at: place)
        }
    }

    /// Waits for the answer; nil once the queue is closed. Never from the queue itself.
    package func ask<T: Sendable>(_ body: @escaping @Sendable () -> T) -> T? {
        let answer = Answer<T>()
        change { jobs.append { answer.give(body()) } }
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while answer.value == nil && !isFinished { pthread_cond_wait(condition, mutex) }
        return answer.value
    }

    private final class Answer<T: Sendable>: @unchecked Sendable {
        var value: T?
        func give(_ value: T) { self.value = value }
    }

    /// The thread ends when it has run what was given before; timers are dropped.
    package func close() {
        change { isClosed = true }
    }

    private var isFinished = false

    private func change(_ body: () -> Void) {
        pthread_mutex_lock(mutex)
        if !isClosed { body() }
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    private func work() {
        pthread_mutex_lock(mutex)
        while true {
            takeDueTimers()
            if jobs.isEmpty {
                if isClosed { break }
                wait()
                continue
            }
            var batch: [@Sendable () -> Void] = []
            swap(&batch, &jobs)
            pthread_mutex_unlock(mutex)
            for job in batch { job() }
            pthread_mutex_lock(mutex)
            // Somebody may wait for an answer.
            pthread_cond_broadcast(condition)
        }
        isFinished = true
        timers = []
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    private func takeDueTimers() {
        guard !timers.isEmpty, !isClosed else { return }
        let now = rf_monotonic_ns()
        while let next = timers.last, next.deadline <= now {
            jobs.append(next.body)
            timers.removeLast()
        }
    }

    private func wait() {
        guard let next = timers.last else {
            pthread_cond_wait(condition, mutex)
            return
        }
        var time = timespec(tv_sec: Int(clamping: next.deadline / 1_000_000_000), tv_nsec: Int(next.deadline % 1_000_000_000))
        pthread_cond_timedwait(condition, mutex, &time)
    }
}
