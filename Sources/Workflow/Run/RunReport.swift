package import RayflowCore

/// The state of a run, finished or not: what `run --output-mode json` and `status --json` print.
package struct RunReport: Sendable, Hashable {
    package enum Result: String, Sendable, Hashable {
        case success, failure, cancelled
        case timedOut = "timed-out"
        /// The engine, the journal or the machine failed.
        case fault
        case running
        /// Nobody runs it, and it has no end.
        case interrupted
    }

    package var run: String
    package var workflow: String
    package var result: Result
    package var outputs: JSONObject
    package var steps: [UnitReport]
    package var message: String
    /// Nanoseconds of the wall clock.
    package var started: UInt64?
    package var ended: UInt64?
    package var epoch: UInt32

    package init(
        run: String, workflow: String, result: Result, outputs: JSONObject = [:], steps: [UnitReport] = [], message: String = "",
        started: UInt64? = nil, ended: UInt64? = nil, epoch: UInt32 = 1
    ) {
        self.run = run
        self.workflow = workflow
        self.result = result
        self.outputs = outputs
        self.steps = steps
        self.message = message
        self.started = started
        self.ended = ended
        self.epoch = epoch
    }

    /// From the journal alone.
    ///
    /// - Parameter isLive: whether somebody holds the run's lock.
    package init(history: RunHistory, isLive: Bool = false) {
        let header = history.headers.last
        self.init(
            run: header?.runID ?? "", workflow: header?.workflowName ?? "", result: isLive ? .running : .interrupted,
            started: history.headers.first?.startedWallNS, epoch: header?.epoch ?? 1)
        if let end = history.end {
            result = Result(end.result)
            outputs = (try? JSON.parse(end.outputs))?.objectValue ?? [:]
            message = end.message
            ended = end.wallNS
        }
        steps = UnitReport.list(history, isLive: isLive)
    }

    /// - Parameter reasons: by position.
    mutating func explain(_ reasons: [String: PendingReason]) {
        guard !reasons.isEmpty else { return }
        for index in steps.indices { steps[index].explain(reasons) }
    }

    package var json: JSON {
        var object: JSONObject = [
            "run": .string(run), "workflow": .string(workflow), "result": .string(result.rawValue), "outputs": .object(outputs),
            "steps": .array(steps.map(\.json)),
        ]
        if !message.isEmpty { object["message"] = .string(message) }
        if epoch > 1 { object["epoch"] = .int(Int(epoch)) }
        if let started { object["started"] = .int(Int(clamping: started / 1_000_000)) }
        if let ended { object["ended"] = .int(Int(clamping: ended / 1_000_000)) }
        return .object(object)
    }

    /// Attempts in doubt, over all steps.
    package var inDoubt: Int { steps.reduce(0) { $0 + $1.inDoubt } }
}

extension RunReport.Result {
    package init(_ result: EndRecord.Result) {
        self =
            switch result {
            case .success: .success
            case .failure: .failure
            case .cancelled: .cancelled
            case .timedOut: .timedOut
            case .fault: .fault
            }
    }
}
