package import Workflow

/// What the command returns to its caller.
package enum ExitStatus {
    package static let success: Int32 = 0
    package static let failedRun: Int32 = 1
    /// Wrong arguments, a workflow that is not valid, a run that does not exist.
    package static let usage: Int32 = 2
    package static let runTimeout: Int32 = 4
    /// Engine, journal or machine.
    package static let fault: Int32 = 5
    package static let interrupted: Int32 = 130
    package static let terminated: Int32 = 143

    package static func of(_ result: RunReport.Result) -> Int32 {
        switch result {
        case .success: success
        case .failure: failedRun
        case .cancelled: interrupted
        case .timedOut: runTimeout
        case .fault, .running, .interrupted: fault
        }
    }
}
