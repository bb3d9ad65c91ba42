import Journal
import RayflowCore
import Workflow

/// What the journal says about where a run comes from.
struct RunOrigin {
    var header: RunHeader

    /// - Throws: ``CommandFailure`` when the journal cannot be read or holds no run.
    static func read(_ run: RunFolder) throws -> RunOrigin {
        var last: RunHeader?
        _ = try Failures.ofJournal { () throws(JournalFault) in
            try JournalReader.forEach(folder: run.journal) { record throws(JournalFault) in
                if case .header(let header)? = try? RunRecord(record.payload) { last = header }
            }
        }
        if last == nil { try Failures.ofJournal { () throws(JournalFault) in try RunReading.checkNothingRan(run) } }
        guard let last else { throw CommandFailure.usage("run \(run.id) has not begun: its journal is empty; start it anew") }
        return RunOrigin(header: last)
    }

    /// The workflow as the last epoch had it, also when the file has changed or is gone.
    func workflow() throws -> WorkflowFile {
        guard !header.workflowText.isEmpty else {
            throw CommandFailure.usage("run \(header.runID) is a Swift program's: it has no workflow file")
        }
        do { return try WorkflowLoader.load(text: header.workflowText, file: header.workflowPath) } catch {
            throw CommandFailure.rendered(error.rendered)
        }
    }
}
