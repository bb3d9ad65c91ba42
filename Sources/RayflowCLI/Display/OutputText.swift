import RayflowCore

/// The outputs of a workflow as a person reads them: `name: value`, texts as they are, all else as JSON.
enum OutputText {
    static func lines(_ outputs: JSONObject) -> String { outputs.map { line($0.key, $0.value) }.joined() }

    private static func line(_ name: String, _ value: JSON) -> String {
        switch value {
        case .string(let text):
            guard text.contains(where: \.isNewline) else { return "\(name): \(text)\n" }
            let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { "  \($0)\n" }
            return "\(name):\n\(lines.joined())"
        case .array(let elements) where value.compact.utf8.count > CommandLimits.lineBytes:
            return "\(name): [\n\(elements.map { "  \($0.compact)" }.joined(separator: ",\n"))\n]\n"
        case .object(let members) where value.compact.utf8.count > CommandLimits.lineBytes:
            let lines = members.map { "  \(JSON.string($0.key).compact): \($0.value.compact)" }
            return "\(name): {\n\(lines.joined(separator: ",\n"))\n}\n"
        default: return "\(name): \(value.compact)\n"
        }
    }
}
