internal import RayflowCore

/// What the expressions of one step asked of the world outside: asked again, they get the same answer.
struct OutsideMemo: Sendable {
    private(set) var answers: [String: Value] = [:]
    private(set) var digests = JSONObject()

    static func call(_ function: String, _ arguments: [Value]) -> String {
        "\(function)(\(arguments.map { $0.plainJSON.compact }.joined(separator: ",")))"
    }

    mutating func add(_ call: String, _ value: Value) {
        answers[call] = value
        digests[call] = .string(Digest128(of: value.plainJSON.canonical).description)
    }

    /// The calls whose answers differ from those of an earlier epoch.
    func changes(since before: JSONObject) -> [String] {
        digests.compactMap { entry in before[entry.key].map { $0 == entry.value } ?? true ? nil : entry.key }
    }
}
