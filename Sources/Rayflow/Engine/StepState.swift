package import RayflowCore

/// Whether a recorded side effect has happened in this durable run.
package enum StepState: Sendable {
    /// It has: this is what it gave, and it must not run again.
    case recorded(Payload)
    /// It has not: run it, then report its value with this ticket. Without a report (it threw) it is run again on resume.
    case pending(ticket: UInt64)
}
