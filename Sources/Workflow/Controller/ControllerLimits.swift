/// The bounds of the shell around a run.
package enum ControllerLimits {
    /// Failures of the system, as against those of the function, that the engine repeats without using up an attempt.
    package static let systemRetries = 3
    /// Attempts of which a look at the run tells why they wait; the others only wait.
    package static let explainedAttempts = 200
    /// Bytes by which a file may grow while its content is digested.
    package static let growthBytes = 64 << 20
}
