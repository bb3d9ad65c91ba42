import RayflowCore

/// What `status --json`, or `run --output-mode json`, says about a run.
struct RunState {
    struct Unit {
        var state: String
        var attempts: Int
        var inDoubt: Int
        var systemRetries: Int
    }

    var result: String
    var outputs: JSON
    /// By position; a fan-out as its items.
    var units: [String: Unit] = [:]
    let json: JSON

    init(_ text: String) throws {
        do { json = try JSON.parse(text) } catch { throw TestFault("not JSON (\(error)): \(text.prefix(500))") }
        guard let result = json["result"]?.stringValue, let steps = json["steps"]?.arrayValue else {
            throw TestFault("not a report: \(text.prefix(500))")
        }
        self.result = result
        outputs = json["outputs"] ?? .null
        for step in steps { add(step) }
    }

    private mutating func add(_ unit: JSON) {
        if let items = unit["items"]?.arrayValue {
            for item in items { add(item) }
        } else if let id = unit["id"]?.stringValue {
            units[id] = Unit(
                state: unit["state"]?.stringValue ?? "", attempts: unit["attempts"]?.intValue ?? 0,
                inDoubt: unit["in-doubt"]?.intValue ?? 0, systemRetries: unit["system-retries"]?.intValue ?? 0)
        }
    }

    var finished: Set<String> { Set(units.filter { $0.value.state == "succeeded" }.keys) }
    var inDoubt: Int { units.values.reduce(0) { $0 + $1.inDoubt } }
}
