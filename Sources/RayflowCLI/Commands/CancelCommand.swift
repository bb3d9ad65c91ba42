import ArgumentParser
import Glibc
import Journal
import Rayflow
import Workflow

struct CancelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Stop a run that is going on, and wait for its end.",
        discussion: "Its steps get SIGTERM, and SIGKILL after their grace. The run can be resumed.")

    @Argument(help: ArgumentHelp("The run: its id, a unique beginning of it, or 'latest'.", valueName: "run"))
    var target: String

    @Option(
        help: ArgumentHelp("How long to wait for its end; the run goes on ending behind that.", valueName: "seconds"))
    var timeout: UInt32 = 600

    @OptionGroup var home: HomeOption

    func run() throws {
        let folder = try home.resolve(target)
        guard let holder = try peek(folder) else {
            throw CommandFailure.usage("run \(folder.id) is not going on; its state: \(Program.current.hint("status \(folder.id)"))")
        }
        do {
            _ = try AdminClient.ask(session: holder.session, verb: "cancel", argument: "", timeout: CommandLimits.adminTimeout)
        } catch {
            // It may have come to its end just now.
            if try peek(folder) != nil {
                throw CommandFailure.fault(
                    "\(holder) does not answer (\(Failures.text(error))); if it hangs, stop it with: kill -9 \(holder.processID), then resume the run"
                )
            }
        }
        let deadline = ContinuousClock.now + .seconds(Int(timeout))
        while let holder = try peek(folder) {
            guard ContinuousClock.now < deadline else {
                throw CommandFailure.fault(
                    "run \(folder.id) was told to stop and has not ended within \(timeout) s; its steps may still have their grace. "
                        + "To end it at once: kill -9 \(holder.processID), then resume the run")
            }
            poll(nil, 0, CommandLimits.followMilliseconds)
        }
        let result = try StatusAnswer.of(folder).report["result"]?.stringValue ?? "over"
        Outlet.output.line("run \(folder.id): \(result)")
    }

    private func peek(_ folder: RunFolder) throws -> RunLock.Info? {
        try Failures.ofJournal { () throws(JournalFault) in try RunLock.peek(folder) }
    }
}
