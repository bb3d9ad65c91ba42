import Glibc
import Journal
import RayflowCore
import Synchronization
import Workflow

/// A run in this process, from its start to what stands on the screen at the end.
struct RunSession {
    var settings: RunSettings
    var isResumed: Bool

    /// - Parameters:
    ///   - onHeld: what to do, in place of a failure, when another process was faster.
    ///   - start: starts the run with an observer.
    /// - Throws: ``CommandFailure`` when the run cannot start, else an ``ExitCode`` of the run.
    func perform(
        onHeld: ((RunLock.Info) async throws -> Int32)? = nil,
        _ start: (@escaping @Sendable (RunEvent) -> Void) throws(LaunchFault) -> WorkflowRun
    ) async throws -> Int32 {
        let presenter = Presenter(Self.view(settings.outputMode))
        // Before the start, so that no moment is left in which a signal would leave children behind.
        let stopper = RunStopper()
        let watch = StopSignals.watch { stopper.stop($0) }
        defer { withExtendedLifetime(watch) {} }
        let run: WorkflowRun
        do throws(LaunchFault) {
            run = try start { presenter.post($0) }
        } catch {
            presenter.discard()
            if case .heldBy(let holder) = error, let onHeld {
                StopSignals.release()
                return try await onHeld(holder)
            }
            throw failure(error)
        }
        let name = run.folder.id
        presenter.begin(
            run: name, workflow: run.workflow.name, steps: run.workflow.steps.count, isResumed: isResumed,
            attempts: settings.logs ? run.folder.attempts : nil)
        stopper.began(run) { number in
            let again = Program.current.hint("resume \(name)")
            presenter.post(.note("\(number == SIGINT ? "interrupted" : "terminated"): stopping the steps; go on later with: \(again)"))
        }
        let outcome = await run.outcome()
        let failures = await presenter.end()
        return finish(outcome.report, Int32(outcome.exitCode), failures)
    }

    static func view(_ mode: OutputMode) -> any RunView {
        switch mode {
        case .quiet: SilentView(outlet: .error)
        case .human, .json:
            Terminal.isLive() ? LiveView(outlet: .error, columns: { Terminal.columns() }) : PlainView(outlet: .error)
        }
    }

    /// Prints what there is to print; gives the exit status.
    func finish(_ report: RunReport, _ status: Int32, _ failures: FailureList) -> Int32 {
        if settings.outputMode == .json {
            Outlet.output.line(ReportForm.json(report.json).compact)
        } else {
            Outlet.output.write(OutputText.lines(report.outputs))
        }
        if settings.outputMode != .quiet || report.result != .success {
            Outlet.error.line(Ending(report: report, failures: failures, program: .current).text)
        }
        if report.result == .cancelled, let number = StopSignals.received { return StopSignals.status(number) }
        return status
    }

    private func failure(_ fault: LaunchFault) -> CommandFailure {
        let failure: CommandFailure
        var diagnostics: Diagnostics?
        switch fault {
        case .usage(let message): failure = .usage(message)
        case .diagnostics(let found):
            diagnostics = found
            failure = .rendered(found.rendered)
        case .engine(let message): failure = .fault(message)
        case .heldBy(let info): failure = .usage("the run is going on in \(info); to see it: \(Program.current.hint("status latest"))")
        }
        reportNotStarted(failure, diagnostics)
        return failure
    }

    /// What comes before the start: its failures are reported as those of the start are.
    func reporting<R>(_ body: () throws -> R) throws -> R {
        do { return try body() } catch let failure as CommandFailure {
            reportNotStarted(failure)
            throw failure
        }
    }

    /// In the JSON mode a failure is an object too.
    private func reportNotStarted(_ failure: CommandFailure, _ diagnostics: Diagnostics? = nil) {
        guard settings.outputMode == .json else { return }
        Outlet.output.line(ReportForm.notStarted(failure.message, diagnostics: diagnostics).compact)
    }
}
