/// What expressions may mention at one kind of place.
struct ReferenceScope {
    /// The step around, nil for the workflow's own outputs and for actors.
    var step: StepSpec?
    /// How messages name the place.
    var place: String
    var hasSteps = true
    var hasItem = false
    var hasAttempt = false
    var hasEnv = true
    /// Whether `success()`, `failure()` and the like have a meaning.
    var hasStatusFunctions = false
}
