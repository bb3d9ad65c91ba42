internal import CLinux

/// How a process ended.
package enum ProcessOutcome: Sendable, Hashable, CustomStringConvertible {
    /// The status that it gave itself, 0 to 255.
    case exited(Int32)
    /// The signal that ended it.
    case signalled(Int32)

    /// From the status word of `wait4`.
    init(waitStatus: Int32) {
        let signal = rf_wait_signal(waitStatus)
        self = signal == 0 ? .exited(rf_wait_status(waitStatus)) : .signalled(signal)
    }

    package var isSuccess: Bool { self == .exited(0) }

    package var description: String {
        switch self {
        case .exited(let code): "exit code \(code)"
        case .signalled(let number): "signal \(number)"
        }
    }
}
