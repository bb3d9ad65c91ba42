/// What the file's `defaults` say about every step.
struct StepDefaults {
    var shell: [String]?
    var env: [EnvironmentSpec] = []
    var retry: RetryPolicy?
    var timeout: Setting<Duration>?
    var grace: Setting<Duration>?
    var resources = ResourceSpec()
    var sandbox: StepSpec.Sandbox?
}
