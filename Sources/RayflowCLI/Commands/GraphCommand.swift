import ArgumentParser
import RayflowCore
import Workflow

struct GraphCommand: ParsableCommand {
    enum Format: String, CaseIterable, ExpressibleByArgument { case mermaid, dot }

    static let configuration = CommandConfiguration(
        commandName: "graph", abstract: "Draw the graph of a workflow file, or of a run with the states of its steps.")

    @Argument(help: "A workflow file, or a run.", completion: .file(extensions: ["yaml", "yml"]))
    var target: String

    @Option(help: "The language of the drawing: \(Format.allCases.map(\.rawValue).joined(separator: " or ")).")
    var format = Format.mermaid

    @OptionGroup var home: HomeOption

    func run() throws {
        var states: [String: String]?
        let workflow: WorkflowFile
        if Paths.exists(target), !Paths.isFolder(target) {
            workflow = try Failures.load(target)
        } else if target.contains("/") || target.hasSuffix(".yaml") || target.hasSuffix(".yml") {
            throw CommandFailure.usage("there is no file \(target)")
        } else {
            let run = try home.resolve(target)
            workflow = try RunOrigin.read(run).workflow()
            let model = StatusModel(try StatusAnswer.of(run).report)
            states = Dictionary(model.steps.map { ($0.id, $0.state) }) { first, _ in first }
        }
        switch format {
        case .mermaid: Outlet.output.write(GraphRendering.mermaid(of: workflow, states: states))
        case .dot: Outlet.output.write(GraphRendering.dot(of: workflow, states: states))
        }
    }
}
