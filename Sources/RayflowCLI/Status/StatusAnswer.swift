import Glibc
import Journal
import Rayflow
import RayflowCore
import Workflow

/// The state of a run, and who told it.
struct StatusAnswer {
    /// In the form of ``ReportForm``.
    var report: JSON
    var isLive: Bool
    /// As of when; since 1970.
    var milliseconds: Int
    /// For a person: who answered, and as of when.
    var text: String

    /// Asks the live process first.
    static func of(_ run: RunFolder) throws -> StatusAnswer {
        let holder = try Failures.ofJournal { () throws(JournalFault) in try RunLock.peek(run) }
        var silence = ""
        if let holder, !holder.session.isEmpty {
            do {
                let json = try AdminClient.ask(session: holder.session, verb: "status", argument: "", timeout: CommandLimits.adminTimeout)
                let now = TimeText.nowMilliseconds
                return StatusAnswer(
                    report: ReportForm.json(json), isLive: true, milliseconds: now,
                    text: "\(TimeText.local(milliseconds: now)), told by \(holder), which runs it")
            } catch {
                silence = "; \(holder) did not answer (\(Failures.text(error)))"
            }
        }
        let reading: (report: RunReport, isLive: Bool, holder: RunLock.Info?)
        do { reading = try RunReading.report(run) } catch let fault as JournalFault { throw Failures.failure(fault) } catch {
            throw CommandFailure.fault("the journal of run \(run.id) cannot be read: \(Failures.text(error))")
        }
        let time = lastWrite(run) ?? TimeText.nowMilliseconds
        return StatusAnswer(
            report: ReportForm.json(reading.report.json), isLive: false, milliseconds: time,
            text: "\(TimeText.local(milliseconds: time)), told by its journal\(silence)")
    }

    /// When the journal was written last.
    static func lastWrite(_ run: RunFolder) -> Int? {
        let names = (try? Files.names(in: run.journal)) ?? []
        return names.compactMap { Paths.changed("\(run.journal)/\($0)") }.max().map { Int($0 / 1_000_000) }
    }
}
