import ArgumentParser
import Journal
import Rayflow
import RayflowCore
import Workflow

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show the state of a run.",
        discussion: "The process that runs it is asked; if there is none, or it does not answer, its journal is read.")

    @Argument(help: ArgumentHelp("The run: its id, a unique beginning of it, or 'latest'.", valueName: "run"))
    var target: String = RunHome.latest

    @Flag(help: "Write one JSON object, of the same form as run --output-mode json.")
    var json = false

    @Flag(help: "Only what has failed.")
    var failed = false

    @OptionGroup var home: HomeOption

    func run() throws {
        let answer = try StatusAnswer.of(try home.resolve(target))
        guard json else {
            return Outlet.output.line(StatusText(model: StatusModel(answer.report), source: answer.text, onlyFailed: failed).text)
        }
        var members = answer.report.objectValue ?? [:]
        if failed { members["steps"] = .array((members["steps"]?.arrayValue ?? []).filter { StatusModel.Step($0).isFailed }) }
        members["source"] = .string(answer.isLive ? "live" : "journal")
        members["as-of"] = .int(answer.milliseconds)
        Outlet.output.line(JSON.object(members).compact)
    }
}
