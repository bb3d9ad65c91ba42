import NIOCore

/// A closure due once on a loop. Dropping it does not cancel it.
package struct Timer: Sendable {
    enum Backend: Sendable {
        case thread(Scheduled<Void>)
        case virtual(VirtualTime, VirtualTime.Ticket)
        /// Its loop is over: it never fires.
        case ended
    }
    private let backend: Backend

    init(_ backend: Backend) { self.backend = backend }

    /// On the loop: the closure will not run any more. Elsewhere it may already be running. Without effect once it has run.
    package func cancel() {
        switch backend {
        case .thread(let scheduled): scheduled.cancel()
        case .virtual(let time, let ticket): time.cancel(ticket)
        case .ended: break
        }
    }
}
