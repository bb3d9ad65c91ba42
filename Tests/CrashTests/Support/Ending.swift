import CLinux

/// How a process ended.
enum Ending: Equatable, CustomStringConvertible {
    case exited(Int32)
    case signalled(Int32)

    init(waitStatus: Int32) {
        self = rf_wait_exited(waitStatus) != 0 ? .exited(rf_wait_status(waitStatus)) : .signalled(rf_wait_signal(waitStatus))
    }

    var description: String {
        switch self {
        case .exited(let status): "exit \(status)"
        case .signalled(let number): "signal \(number)"
        }
    }
}
