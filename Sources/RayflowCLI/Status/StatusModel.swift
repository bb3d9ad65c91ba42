import RayflowCore

/// A run's state as its JSON form tells it: the same for the journal and for a live process.
struct StatusModel: Sendable {
    struct Step: Sendable {
        var id: String
        var state: String
        var attempts: Int
        var inDoubt: Int
        var systemRetries: Int
        var isTolerated: Bool
        var isReused: Bool
        var seconds: Double?
        /// Milliseconds since 1970.
        var started: Int?
        var waits: String?
        /// What the scheduler says.
        var pending: String?
        var error: String?
        var rerun: String?
        var items: [Step]?

        init(_ json: JSON) {
            id = json["id"]?.stringValue ?? "?"
            state = json["state"]?.stringValue ?? "?"
            attempts = json["attempts"]?.intValue ?? 0
            inDoubt = json["in-doubt"]?.intValue ?? 0
            systemRetries = json["system-retries"]?.intValue ?? 0
            isTolerated = json["tolerated"]?.boolValue ?? false
            isReused = json["reused"]?.boolValue ?? false
            seconds = json["seconds"]?.doubleValue
            started = json["started"]?.intValue
            waits = json["waits"]?.stringValue
            pending = json["pending"]?["text"]?.stringValue
            error = json["error"]?["message"]?.stringValue
            rerun = json["rerun"]?.stringValue
            items = json["items"]?.arrayValue?.map(Step.init)
        }

        var isFailed: Bool { state == "failed" || state == "timed-out" }
        var isEnded: Bool { !["pending", "waiting", "running"].contains(state) }
        /// The step itself, or its items.
        var units: [Step] { items ?? [self] }
    }

    var run: String
    var workflow: String
    var result: String
    var message: String
    var epoch: Int
    var started: Int?
    var ended: Int?
    var steps: [Step]
    var outputs: JSONObject

    init(_ json: JSON) {
        run = json["run"]?.stringValue ?? "?"
        workflow = json["workflow"]?.stringValue ?? "?"
        result = json["reason"]?.stringValue ?? json["result"]?.stringValue ?? "?"
        message = json["message"]?.stringValue ?? ""
        epoch = json["epoch"]?.intValue ?? 1
        started = json["started"]?.intValue
        ended = json["ended"]?.intValue
        steps = json["steps"]?.arrayValue?.map(Step.init) ?? []
        outputs = json["outputs"]?.objectValue ?? [:]
    }
}
