import ArgumentParser
import Journal
import Rayflow
import RayflowCore
import Workflow

struct StateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "state", abstract: "Show a table of a run's cluster.",
        discussion: """
            Tables: \(StateAccessor.Table.allCases.map(\.rawValue).joined(separator: ", ")).

            The process that runs it is asked. When it is gone, its journal tells of the tasks, which are then the steps.
            """)

    @Argument(help: ArgumentHelp("The table.", valueName: "table"))
    var table: StateAccessor.Table

    @Argument(help: ArgumentHelp("The run: its id, a unique beginning of it, or 'latest'.", valueName: "run"))
    var target: String = RunHome.latest

    @Option(help: ArgumentHelp("Only rows with this text in this field; may be repeated.", valueName: "field=text"))
    var filter: [KeyValue] = []

    @Option(help: ArgumentHelp("Rows at most, from 1 to \(StateAccessor.largestLimit).", valueName: "n"))
    var limit = 1_000

    @Flag(help: "Write one JSON object.")
    var json = false

    @OptionGroup var home: HomeOption

    func validate() throws {
        guard (1...StateAccessor.largestLimit).contains(limit) else {
            throw ValidationError("--limit \(limit): give a number from 1 to \(StateAccessor.largestLimit)")
        }
    }

    func run() throws {
        let answer = try StateAnswer.of(
            try home.resolve(target), table, filters: filter.map { RowFilter(field: $0.key, value: $0.value) }, limit: limit)
        Outlet.output.line(json ? answer.json.compact : StateText(answer).text)
    }
}

extension StateAccessor.Table: ExpressibleByArgument {}
