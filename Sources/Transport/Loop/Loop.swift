import CLinux
import NIOCore
import NIOPosix
import Synchronization

/// The one event loop of a process (or of a simulated one): a thread that runs closures and timers in order.
///
/// Everything of a ``Network`` happens on its loop. Virtual loops share a ``VirtualTime`` and run when that is advanced.
package final class Loop: Sendable {
    enum Backend: Sendable {
        case thread(MultiThreadedEventLoopGroup, any EventLoop)
        case virtual(VirtualTime)
    }
    let backend: Backend
    /// What comes after the end (a reference that is let go late, for one) has nobody to serve it.
    private let hasEnded = Atomic<Bool>(false)

    /// Starts one thread that lasts until ``shutdown()``.
    package init() {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        backend = .thread(group, group.next())
    }

    /// A loop without a thread, for simulations.
    package init(virtual time: VirtualTime) { backend = .virtual(time) }

    package var isInLoop: Bool {
        switch backend {
        case .thread(_, let loop): return loop.inEventLoop
        case .virtual: return true
        }
    }

    /// Monotonic nanoseconds; virtual ones start at 0.
    package var now: UInt64 {
        switch backend {
        case .thread: return rf_monotonic_ns()
        case .virtual(let time): return time.now
        }
    }

    /// Runs `body` on the loop after everything that was enqueued before. From any thread.
    package func execute(_ body: @escaping @Sendable () -> Void) {
        switch backend {
        case .thread(_, let loop): if !hasEnded.load(ordering: .acquiring) { loop.execute(body) }
        case .virtual(let time): time.schedule(at: time.now, body)
        }
    }

    /// Runs `body` on the loop and waits for it. For set-up and tests, never from another loop nor after ``shutdown()``.
    package func sync<T: Sendable>(_ body: @escaping @Sendable () throws -> T) throws -> T {
        guard case .thread(_, let loop) = backend, !loop.inEventLoop else { return try body() }
        return try loop.submit(body).wait()
    }

    @discardableResult
    package func scheduleTimer(after delay: Duration, _ body: @escaping @Sendable () -> Void) -> Timer {
        switch backend {
        case .thread(_, let loop):
            guard !hasEnded.load(ordering: .acquiring) else { return Timer(.ended) }
            return Timer(.thread(loop.scheduleTask(in: TimeAmount(delay), body)))
        case .virtual(let time):
            let amount = TimeAmount(delay).nanoseconds
            let (deadline, overflow) = time.now.addingReportingOverflow(UInt64(max(amount, 0)))
            return Timer(.virtual(time, time.schedule(at: overflow ? .max : deadline, body)))
        }
    }

    @discardableResult
    package func scheduleTimer(afterNanoseconds delay: UInt64, _ body: @escaping @Sendable () -> Void) -> Timer {
        scheduleTimer(after: .nanoseconds(Int64(clamping: delay)), body)
    }

    /// Stops the thread after the closures enqueued so far; pending timers never fire. Not from the loop itself.
    package func shutdown() {
        guard case .thread(let group, let loop) = backend else { return }
        precondition(!loop.inEventLoop, "a loop cannot wait for its own end")
        hasEnded.store(true, ordering: .releasing)
        // The only error is a second shutdown, which changes nothing.
        try? group.syncShutdownGracefully()
    }

    /// Sockets need a real loop; a virtual one has no descriptors.
    var eventLoop: any EventLoop {
        guard case .thread(_, let loop) = backend else { preconditionFailure("sockets on a virtual loop") }
        return loop
    }

    func assertInLoop() { assert(isInLoop, "called outside its loop") }
}
