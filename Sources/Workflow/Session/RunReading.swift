package import Journal
import Rayflow

/// A run as its journal tells it, for those who only look.
package enum RunReading {
    /// - Returns: the report, whether a live process holds the run, and which.
    /// - Throws: ``JournalFault``; `RayflowError` for records that this version cannot read.
    package static func report(_ run: RunFolder) throws -> (report: RunReport, isLive: Bool, holder: RunLock.Info?) {
        let holder = try RunLock.peek(run)
        let records = try DurableRun.read(run)
        if records.isEmpty { try checkNothingRan(run) }
        let history = RunHistory(records)
        return (RunReport(history: history, isLive: holder != nil), holder != nil, holder)
    }

    /// Of a run without records.
    /// - Throws: ``JournalFault`` when attempts were made all the same: their records are lost.
    package static func checkNothingRan(_ run: RunFolder) throws(JournalFault) {
        guard let names = try? Files.names(in: run.attempts), !names.isEmpty else { return }
        throw JournalFault(
            .missing, path: run.journal,
            "the journal is empty or was removed, but attempts exist in \(run.attempts): restore the journal from a copy, or start a new run"
        )
    }
}
