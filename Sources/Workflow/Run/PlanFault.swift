/// Why a step cannot be planned (yet).
enum PlanFault: Error {
    /// The content of these objects has to be brought first.
    case needs([ValueRef])
    case failed(StepFailure)

    static func wrong(_ message: String) -> PlanFault { .failed(StepFailure(.evaluation, message)) }
}
