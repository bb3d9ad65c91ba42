package import RayflowCore

/// What a run writes to its journal about a step or an item: the last one of a position says all.
package struct StepRecord: Sendable, Hashable {
    package var status: StepStatus
    /// The number of the last attempt, over all epochs; 0 before the first.
    package var attempt = 0
    package var fingerprint: String?
    /// Nil also when they are kept beside the attempt; see ``hasSavedOutputs``.
    package var outputs: JSONObject?
    package var hasSavedOutputs = false
    /// Identity by absolute path of the files among the outputs.
    package var files = JSONObject()
    /// Digest by call of what was asked of the world outside.
    package var outside = JSONObject()
    /// Attempts whose end nobody knows, over all epochs.
    package var inDoubt = 0
    /// How often the engine ran the call again by itself, over all epochs.
    package var systemRetries = 0
    /// Waits for `--assume-done` or `--rerun`.
    package var isUndecided = false
    package var isTolerated = false
    package var failure: StepFailure?
    package var rerun: RerunReason?
    /// Of a fan-out: how many items.
    package var items: Int?
    /// Nanoseconds of the wall clock.
    package var started: UInt64?
    package var ended: UInt64?

    package init(_ status: StepStatus) { self.status = status }

    package var json: JSON {
        var object: JSONObject = ["state": .string(status.rawValue)]
        if attempt > 0 { object["attempt"] = .int(attempt) }
        if let fingerprint { object["fingerprint"] = .string(fingerprint) }
        if let outputs { object["outputs"] = .object(outputs) }
        if hasSavedOutputs { object["saved-outputs"] = true }
        if !files.isEmpty { object["files"] = .object(files) }
        if !outside.isEmpty { object["outside"] = .object(outside) }
        if inDoubt > 0 { object["in-doubt"] = .int(inDoubt) }
        if systemRetries > 0 { object["system-retries"] = .int(systemRetries) }
        if isUndecided { object["undecided"] = true }
        if isTolerated { object["tolerated"] = true }
        if let failure { object["error"] = failure.json }
        if let rerun { object["rerun"] = .string(rerun.rawValue) }
        if let items { object["items"] = .int(items) }
        if let started { object["started"] = .int(Int(clamping: started)) }
        if let ended { object["ended"] = .int(Int(clamping: ended)) }
        return .object(object)
    }

    /// Nil for what no run of this version wrote.
    package init?(json: JSON) {
        guard let status = json["state"]?.stringValue.flatMap(StepStatus.init(rawValue:)) else { return nil }
        self.init(status)
        attempt = json["attempt"]?.intValue ?? 0
        fingerprint = json["fingerprint"]?.stringValue
        outputs = json["outputs"]?.objectValue
        hasSavedOutputs = json["saved-outputs"]?.boolValue ?? false
        files = json["files"]?.objectValue ?? [:]
        outside = json["outside"]?.objectValue ?? [:]
        inDoubt = json["in-doubt"]?.intValue ?? 0
        systemRetries = json["system-retries"]?.intValue ?? 0
        isUndecided = json["undecided"]?.boolValue ?? false
        isTolerated = json["tolerated"]?.boolValue ?? false
        failure = json["error"].flatMap(StepFailure.init(json:))
        rerun = json["rerun"]?.stringValue.flatMap(RerunReason.init(rawValue:))
        items = json["items"]?.intValue
        started = json["started"]?.intValue.map { UInt64(clamping: $0) }
        ended = json["ended"]?.intValue.map { UInt64(clamping: $0) }
    }
}
