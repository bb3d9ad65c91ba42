import RayflowCore
import Testing

@testable import Workflow

/// Short ways from a text to what the loader makes of it.
enum Reading {
    static func yaml(_ text: String) throws -> YAMLNode {
        try YAMLParser.parse(SourceText(file: "t.yaml", checking: Array(text.utf8)))
    }

    /// What is wrong with a YAML text, as the user sees it; empty when nothing is.
    static func yamlFaults(_ text: String) -> String { faults { _ = try yaml(text) } }

    static func workflow(_ text: String) throws -> WorkflowFile { try WorkflowLoader.load(text: text, file: "w.yaml") }

    static func workflowFaults(_ text: String) -> String { faults { _ = try workflow(text) } }

    /// The faults of a workflow whose steps are given, each with `rayflow: 1` and `steps:` on the two lines before it.
    static func stepFaults(_ steps: String) -> String { workflowFaults("rayflow: 1\nsteps:\n" + steps) }

    static func faults(_ body: () throws -> Void) -> String {
        do {
            try body()
            return ""
        } catch let faults as Diagnostics {
            return faults.rendered
        } catch {
            return "unexpected \(error)"
        }
    }

    /// The first lines alone: place, code, message.
    static func heads(_ rendered: String) -> [String] {
        rendered.split(separator: "\n").filter { $0.contains("error[RF") }.map(String.init)
    }
}
