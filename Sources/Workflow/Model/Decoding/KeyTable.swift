/// The keys of a map of the language: those that work, and those that the language has but this version does not.
struct KeyTable: Sendable {
    var keys: [String]
    var planned: [String] = []
    var takesExtensions = false

    static let workflow = KeyTable(
        keys: [
            "rayflow", "app", "name", "description", "inputs", "outputs", "env", "defaults", "actors", "steps", "failure-policy", "timeout",
            "max-parallel", "labels",
        ],
        planned: ["secrets", "finally", "pools", "concurrency", "schedule", "notify"],
        takesExtensions: true)

    static let input = KeyTable(
        keys: ["type", "default", "required", "choices", "pattern", "min", "max", "description"], planned: ["secret"])

    static let step = KeyTable(
        keys: [
            "run", "command", "call", "actor", "method", "value", "with", "stdin", "env", "outputs", "needs", "if", "for-each", "key",
            "max-parallel", "on-crash", "retry", "timeout", "grace", "continue-on-error", "deterministic", "version", "resources", "shell",
            "workdir", "sandbox", "name", "description", "labels", "unsafe-interpolation",
        ],
        planned: plannedKinds + [
            "needs-policy", "matrix", "batch", "min-success", "fail-fast", "repeat", "spawns", "max-depth", "max-spawn", "deadline",
            "cleanup",
            "cache", "persist", "priority", "pool", "placement", "node-labels", "container", "log", "system-retries",
        ])

    static let kinds = ["run", "command", "call", "actor", "value"]
    static let plannedKinds = ["uses", "steps", "sleep"]

    static let output = KeyTable(keys: ["type", "from", "path", "glob", "pointer", "default", "optional"])
    static let need = KeyTable(keys: ["step", "order-only"])
    static let retry = KeyTable(
        keys: ["max-attempts", "backoff", "delay", "factor", "max-delay", "jitter", "if", "on"], planned: ["system-retries"])
    static let defaults = KeyTable(keys: ["shell", "env", "retry", "timeout", "grace", "resources", "sandbox"], planned: ["cache"])
    static let app = KeyTable(keys: ["package", "product"])
    static let actor = KeyTable(
        keys: ["type", "with", "resources", "max-restarts", "max-task-retries", "max-concurrency"],
        planned: ["serve", "checkpoint", "scope", "lifetime", "ready", "stop"])
}
