import CLinux
import Glibc

/// Keeps a resume from starting steps while children of the engine before it still live: an OFD lock on the run's `fence` file.
///
/// A step runner holds it shared while one of its children lives; a resume takes it exclusively before it starts any step, and releases it
/// before its own runner needs it. Released when this value goes out of scope or the process dies.
package struct Fence: ~Copyable, Sendable {
    package enum Mode: Sendable {
        case shared
        case exclusive
    }

    package enum Acquired: ~Copyable, Sendable {
        case acquired(Fence)
        case timedOut
        case cancelled
    }

    private let file: Descriptor

    private init(_ file: consuming Descriptor) { self.file = file }

    // Closing is not enough while another thread spawns: until its exec the child has a copy of the descriptor.
    deinit { _ = rf_ofd_unlock(file.raw) }

    /// Tries until the fence is free. Blocks the thread: never call it on an event loop, except with a time of zero.
    ///
    /// - Parameters:
    ///   - time: how long to try; zero tries once, nil for as long as it takes.
    ///   - isCancelled: asked before each new try, at most ``JournalLimits/fenceLastPollMilliseconds`` apart.
    package static func acquire(
        _ run: RunFolder, _ mode: Mode, within time: Duration?, isCancelled: () -> Bool = { false }
    ) throws(JournalFault) -> Acquired {
        let file = try Files.open(run.fence, O_RDWR | O_CREAT, "open the fence")
        let start = rf_monotonic_ns()
        var pause = JournalLimits.fenceFirstPollMilliseconds
        while rf_ofd_lock(file.raw, mode == .exclusive ? 1 : 0, 0) != 0 {
            guard errno == EAGAIN || errno == EACCES || errno == EINTR else {
                throw JournalFault(errorNumber: errno, path: run.fence, "lock the fence")
            }
            if let time, .nanoseconds(Int64(rf_monotonic_ns() - start)) >= time { return .timedOut }
            if isCancelled() { return .cancelled }
            // Open-file-description locks have no wait with a time limit.
            poll(nil, 0, Int32(pause))
            pause = min(pause * 2, JournalLimits.fenceLastPollMilliseconds)
        }
        return .acquired(Fence(file))
    }
}
