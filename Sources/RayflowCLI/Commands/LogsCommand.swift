import ArgumentParser
import Glibc
import Journal
import Workflow

struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Show what the steps of a run have written.",
        discussion: "Of each step the last attempt, unless another one is asked for.")

    @Argument(help: ArgumentHelp("The run: its id, a unique beginning of it, or 'latest'.", valueName: "run"))
    var target: String

    @Argument(help: "A step, or one item of it as step[key]; by default all of them.")
    var step: String?

    @Flag(name: .shortAndLong, help: "Go on with what is being written, until the step, or the run, has ended.")
    var follow = false

    @Option(help: ArgumentHelp("The number of the attempt.", valueName: "n"))
    var attempt: Int?

    @Flag(help: "Only standard output.")
    var stdout = false

    @Flag(help: "Only standard error.")
    var stderr = false

    @OptionGroup var home: HomeOption

    func validate() throws {
        if stdout, stderr { throw ValidationError("--stdout and --stderr exclude one another; without them both are shown.") }
        if let attempt, attempt < 1 { throw ValidationError("Attempts are numbered from 1.") }
    }

    func run() throws {
        let folder = try home.resolve(target)
        let kinds: [AttemptLogs.Kind] = stdout ? [.stdout] : stderr ? [.stderr] : [.stdout, .stderr]
        let reader = LogReader(run: folder, step: step, attempt: attempt, kinds: kinds)
        try follow ? reader.follow() : reader.show()
    }
}
