import CLinux
import Glibc
import Journal
import Rayflow
import RayflowCore
import Workflow

/// A run of another process, followed to its end.
struct AttachedRun {
    var run: RunFolder
    var session: RunSession

    /// - Returns: the exit status of the run, as its own process has it.
    func follow(_ holder: RunLock.Info) async throws -> Int32 {
        let presenter = Presenter(RunSession.view(session.settings.outputMode))
        presenter.post(.note("run \(run.id) is going on in \(holder); following it (Ctrl-C ends only this)"))
        var known: StatusModel?
        var hasBegun = false
        while let holder = try Failures.ofJournal({ () throws(JournalFault) in try RunLock.peek(run) }) {
            // The end may come between two looks; then the journal says the rest.
            if let json = try? AdminClient.ask(session: holder.session, verb: "status", argument: "", timeout: CommandLimits.adminTimeout) {
                let model = StatusModel(json)
                if !hasBegun {
                    hasBegun = true
                    presenter.begin(
                        run: run.id, workflow: model.workflow, steps: model.steps.count, isResumed: false,
                        attempts: session.settings.logs ? run.attempts : nil)
                }
                for event in ReportDiff.events(from: known, to: model) { presenter.post(event) }
                known = model
            }
            poll(nil, 0, CommandLimits.followMilliseconds)
        }
        if !hasBegun { presenter.begin(run: run.id, workflow: known?.workflow ?? "", steps: 0, isResumed: false, attempts: nil) }
        let reading = try RunReading.report(run)
        for event in ReportDiff.events(from: known, to: StatusModel(reading.report.json)) { presenter.post(event) }
        let failures = await presenter.end()
        return session.finish(reading.report, ExitStatus.of(reading.report.result), failures)
    }
}
