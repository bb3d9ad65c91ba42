import RayflowCore
import Workflow

/// What stands on the screen when a run is over.
struct Ending {
    var report: RunReport
    var failures: FailureList
    /// Whose hints these are.
    var program: Program

    /// The failed steps, each with its reason and the end of its log, then what to do next.
    var text: String {
        guard report.result != .success else { return success }
        var lines: [String] = []
        for item in failures.items {
            lines.append("step \(item.position) failed: \(EventText.text(item.failure))")
            if !item.tail.isEmpty {
                lines.append("  the end of its log:")
                lines += item.tail.map { "  | \(Terminal.visible($0))" }
            }
        }
        if failures.more > 0 { lines.append("and \(failures.more) more; all of them: \(program.hint("status \(report.run) --failed"))") }
        lines.append(verdict)
        if let first = failures.items.first {
            lines.append("  log:    " + program.hint("logs \(report.run) \(Self.quoted(first.position))"))
        }
        lines.append("  resume: " + program.hint("resume \(report.run)"))
        return lines.joined(separator: "\n")
    }

    private var success: String {
        let steps = report.steps.count { $0.status == .succeeded }
        let reused = report.steps.count { $0.isReused }
        var text = "run \(report.run) succeeded: \(steps) \(steps == 1 ? "step" : "steps")"
        if reused > 0 { text += ", \(reused) from before" }
        if let started = report.started, let ended = report.ended, ended >= started { text += ", \(TimeText.span(ended - started))" }
        let tolerated = report.steps.filter(\.isTolerated).map(\.id)
        if !tolerated.isEmpty { text += "\ntolerated failures: \(tolerated.joined(separator: ", "))" }
        return text
    }

    private var verdict: String {
        let text =
            switch report.result {
            case .success: "succeeded"
            case .failure: "failed"
            case .cancelled: "was cancelled"
            case .timedOut: "was not done in time"
            case .fault: "stopped by a fault"
            case .running: "goes on"
            case .interrupted: "was interrupted"
            }
        // The steps' own failures stand above.
        let isTold = report.result == .failure && !failures.items.isEmpty || report.message.isEmpty || report.result == .cancelled
        return "run \(report.run) \(text)" + (isTold ? "" : ": \(report.message)")
    }

    /// As one word of a shell command.
    static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"):
                true
            default: false
            }
        }
        guard !isPlain || word.isEmpty else { return word }
        return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
