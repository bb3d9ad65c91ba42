import ArgumentParser
import RayflowCore
import Workflow

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show what a workflow would run, and in which order, without running it.")

    @Argument(help: "The workflow file.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    @Option(name: [.long, .short], help: ArgumentHelp("A value for an input of the workflow; may be repeated.", valueName: "name=value"))
    var input: [KeyValue] = []

    func run() throws {
        let workflow = try Failures.load(file)
        try AppHandover.become(appOf: workflow)
        let inputs: JSONObject
        do throws(Diagnostics) {
            let faults = Diagnostics(CallCheck.faults(of: workflow, against: Program.current.registry.offers))
            try faults.throwIfErrors()
            inputs = try workflow.bind(inputs: input.map { ($0.key, $0.value) })
        } catch { throw CommandFailure.rendered(error.rendered) }
        Outlet.output.line(PlanText(workflow: workflow, inputs: inputs).text)
    }
}
