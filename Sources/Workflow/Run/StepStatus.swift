/// Where a step, or one item of its fan-out, stands.
package enum StepStatus: String, Sendable, Hashable, CaseIterable {
    /// Waits for other steps.
    case pending
    /// Nothing in the graph holds it back: it waits for room, for the content of an object or for its next attempt.
    case waiting
    case running
    case succeeded
    case failed
    /// Its condition, or that of a step that it needs, was false.
    case skipped
    /// Stopped, or not started because the run was stopping.
    case cancelled
    case timedOut = "timed-out"
    /// A step that it needs has failed.
    case upstreamFailed = "upstream-failed"

    package var isEnded: Bool {
        switch self {
        case .pending, .waiting, .running: false
        case .succeeded, .failed, .skipped, .cancelled, .timedOut, .upstreamFailed: true
        }
    }

    /// Whether it, or what it needs, has failed.
    package var isFailure: Bool { self == .failed || self == .timedOut || self == .upstreamFailed }

    /// The word that expressions see as `steps.x.result`.
    package var result: String {
        switch self {
        case .succeeded: "success"
        case .failed: "failure"
        default: rawValue
        }
    }
}
