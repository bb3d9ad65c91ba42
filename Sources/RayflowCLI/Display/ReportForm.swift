import RayflowCore
import Workflow

/// The one JSON form of a run: of `run`, `resume` and `status` alike.
enum ReportForm {
    /// Ended runs have one of three results; what kind of failure it was stands beside it.
    static func json(_ report: JSON) -> JSON {
        guard case .object(var members) = report else { return report }
        if let result = members["result"]?.stringValue, result == "timed-out" || result == "fault" {
            members["result"] = "failure"
            members["reason"] = .string(result)
        }
        return .object(members)
    }

    /// For a run that did not begin.
    static func notStarted(_ message: String, diagnostics: Diagnostics? = nil) -> JSON {
        var object: JSONObject = [
            "run": .null, "result": "failure", "outputs": .object([:]), "steps": .array([]), "message": .string(message),
        ]
        if let diagnostics { object["diagnostics"] = .array(diagnostics.sorted.map(json)) }
        return .object(object)
    }

    static func json(_ diagnostic: Diagnostic) -> JSON {
        var object: JSONObject = ["file": .string(diagnostic.file)]
        if let position = diagnostic.position {
            object["line"] = .int(position.line)
            object["column"] = .int(position.column)
        }
        object["severity"] = .string(diagnostic.severity.rawValue)
        object["code"] = .string(diagnostic.code.name)
        object["message"] = .string(diagnostic.message)
        if let hint = diagnostic.hint { object["hint"] = .string(hint) }
        return .object(object)
    }
}
