package import Journal
import Rayflow

/// A run as its journal tells it, for those who only look.
package enum RunReading {
    /// - Returns: the report, whether a live process holds the run, and which.
    /// - Throws: ``JournalFault``; `RayflowError` for records that this version cannot read.
    package static func report(_ run: RunFolder) throws -> (report: RunReport, isLive: Bool, holder: RunLock.Info?) {
        let holder = try RunLock.peek(run)
        let history = RunHistory(try DurableRun.read(run))
        return (RunReport(history: history, isLive: holder != nil), holder != nil, holder)
    }
}
