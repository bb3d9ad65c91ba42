import ArgumentParser
import Workflow

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "run", abstract: "Run a workflow file.")

    @Argument(help: "The workflow file.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    @Option(name: [.long, .short], help: ArgumentHelp("A value for an input of the workflow; may be repeated.", valueName: "name=value"))
    var input: [KeyValue] = []

    @OptionGroup var home: HomeOption
    @OptionGroup var settings: RunSettings

    func run() async throws {
        let session = RunSession(settings: settings, isResumed: false)
        try session.reporting {
            // What is wrong with the file is said by the start below; here it only matters which program has to run it.
            if let workflow = try? WorkflowLoader.load(path: file) { try AppHandover.become(appOf: workflow) }
        }
        var request = WorkflowRequest(path: file, registry: Program.current.registry)
        request.inputs = input.map { ($0.key, $0.value) }
        request.home = home.home
        request.resources = settings.resources
        request.objectStore = settings.objectStore
        request.sync = settings.sync
        request.arguments = Program.current.arguments
        let status = try await session.perform { [request] observer throws(LaunchFault) in
            try WorkflowRun.start(request, observer: observer)
        }
        if status != ExitStatus.success { throw ExitCode(status) }
    }
}
