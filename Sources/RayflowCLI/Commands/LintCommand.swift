import ArgumentParser
import RayflowCore
import Workflow

struct LintCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint", abstract: "Check a workflow file without running it.",
        discussion: "Calls of functions and actors are checked against the program that 'app:' names, or against this one.")

    @Argument(help: "The workflow file.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    @Flag(help: "Write the findings as a JSON list.")
    var json = false

    func run() throws {
        var found = Diagnostics()
        var steps = 0
        do {
            let workflow = try WorkflowLoader.load(path: file)
            steps = workflow.steps.count
            try AppHandover.become(appOf: workflow)
            found = Diagnostics(CallCheck.faults(of: workflow, against: Program.current.registry.offers))
        } catch let faults as Diagnostics { found = faults }
        if json {
            Outlet.output.line(JSON.array(found.sorted.map(ReportForm.json)).pretty())
        } else if found.isEmpty {
            Outlet.output.line("\(file): \(steps) \(steps == 1 ? "step" : "steps"), nothing to complain about")
        } else {
            Outlet.output.line(found.rendered)
        }
        if found.hasErrors { throw ExitCode(ExitStatus.usage) }
    }
}
