import ArgumentParser
import Journal
import RayflowCore
import Workflow

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the runs, the newest last.")

    @Flag(help: "Write a JSON list.")
    var json = false

    @OptionGroup var home: HomeOption

    func run() throws {
        let found = try home.find()
        let runs = try Failures.ofJournal { () throws(JournalFault) in try found.runs() }
        let entries = runs.map { Entry($0) }
        if json { return Outlet.output.line(JSON.array(entries.map(\.json)).pretty()) }
        guard !entries.isEmpty else {
            return Outlet.error.line("there is no run in \(found.path) yet; start one with: \(Program.current.hint("run FILE"))")
        }
        let width = entries.map(\.id.count).max() ?? 0
        let stateWidth = entries.map(\.state.count).max() ?? 0
        for entry in entries {
            let id = entry.id + String(repeating: " ", count: width - entry.id.count)
            let state = entry.state + String(repeating: " ", count: stateWidth - entry.state.count)
            Outlet.output.line("\(id)  \(state)  \(entry.times)")
        }
    }

    private struct Entry {
        var id: String
        var state: String
        var report: RunReport?

        /// A run that cannot be read must not hide the others.
        init(_ run: RunFolder) {
            id = run.id
            do {
                let report = try RunReading.report(run).report
                (state, self.report) = (report.result.rawValue, report)
            } catch {
                state = "unreadable"
            }
        }

        var times: String {
            guard let started = report?.started else { return "" }
            let start = TimeText.local(milliseconds: Int(started / 1_000_000))
            guard let ended = report?.ended, ended >= started else { return start }
            return "\(start)  \(TimeText.span(ended - started))"
        }

        var json: JSON {
            var members: JSONObject = ["run": .string(id)]
            if let report {
                for (key, value) in ReportForm.json(report.json).objectValue ?? [:] where key != "steps" && key != "outputs" {
                    members[key] = value
                }
            } else {
                members["result"] = "unreadable"
            }
            members["run"] = .string(id)
            return .object(members)
        }
    }
}
