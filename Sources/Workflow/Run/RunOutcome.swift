package import RayflowCore

/// How a run ended.
package struct RunOutcome: Sendable, Hashable {
    package var result: EndRecord.Result
    /// Of the command: 0 success, 1 a failed run, 4 the run's time was over, 5 a fault of the engine, 130 cancelled.
    package var exitCode: UInt8
    /// The workflow's outputs, empty unless it succeeded.
    package var outputs: JSONObject
    /// For a person: what failed and what to do next; empty after a success.
    package var message: String
    package var report: RunReport

    package init(result: EndRecord.Result, outputs: JSONObject, message: String, report: RunReport) {
        self.result = result
        self.outputs = outputs
        self.message = message
        self.report = report
        exitCode =
            switch result {
            case .success: 0
            case .failure: 1
            case .timedOut: 4
            case .fault: 5
            case .cancelled: 130
            }
    }

    /// The journal's last record of this epoch.
    package func record(wallNS: UInt64) -> EndRecord {
        EndRecord(result: result, exitCode: exitCode, outputs: JSON.object(outputs).compact, message: message, wallNS: wallNS)
    }
}
