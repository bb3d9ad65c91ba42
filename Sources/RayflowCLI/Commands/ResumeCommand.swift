import ArgumentParser
import Journal
import Workflow

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Go on with a run that failed, was cancelled or was killed.",
        discussion: "What is finished is not run again. A run that is going on is followed to its end.")

    @Argument(help: ArgumentHelp("The run: its id, a unique beginning of it, or 'latest'.", valueName: "run"))
    var target: String

    @Option(
        help: ArgumentHelp(
            "A step, or one item of it as step[key], to run again though it is finished; may be repeated.", valueName: "step"))
    var rerun: [String] = []

    @Option(
        help: ArgumentHelp(
            "A step of which nobody knows whether its last attempt ended, to take as done; may be repeated.", valueName: "step"))
    var assumeDone: [String] = []

    @OptionGroup var home: HomeOption
    @OptionGroup var settings: RunSettings

    func run() async throws {
        let session = RunSession(settings: settings, isResumed: true)
        let folder = try session.reporting { try home.resolve(target) }
        if let holder = try session.reporting({ try Failures.ofJournal { () throws(JournalFault) in try RunLock.peek(folder) } }) {
            throw ExitCode(try await follow(folder, holder, session))
        }
        try session.reporting {
            let origin = try RunOrigin.read(folder)
            if let workflow = try? WorkflowLoader.load(path: origin.header.workflowPath) { try AppHandover.become(appOf: workflow) }
        }
        var request = WorkflowRequest(path: "", registry: Program.current.registry)
        request.home = home.home
        request.resources = settings.resources
        request.objectStore = settings.objectStore
        request.sync = settings.sync
        request.rerun = rerun
        request.assumeDone = assumeDone
        request.arguments = Program.current.arguments
        // Of two that resume at once one is the slower: it follows the other.
        let onHeld = { (holder: RunLock.Info) in try await follow(folder, holder, session) }
        let status = try await session.perform(onHeld: onHeld) { [request] observer throws(LaunchFault) in
            try WorkflowRun.resume(folder, request, observer: observer)
        }
        if status != ExitStatus.success { throw ExitCode(status) }
    }

    private func follow(_ folder: RunFolder, _ holder: RunLock.Info, _ session: RunSession) async throws -> Int32 {
        if !rerun.isEmpty || !assumeDone.isEmpty {
            try session.reporting {
                throw CommandFailure.usage("run \(folder.id) is going on in \(holder): --rerun and --assume-done have to wait for its end")
            }
        }
        do { return try await AttachedRun(run: folder, session: session).follow(holder) } catch {
            throw CommandFailure.fault("the end of run \(folder.id) cannot be read: \(Failures.text(error))")
        }
    }
}
