internal import Raylet
internal import RayflowCore

/// What an earlier epoch of the run has left of a unit, and what follows from it.
struct UnitPast {
    enum Verdict {
        case run(RerunReason?)
        case reuse(StepRecord, ValueObject)
        /// It has ended, or is said to have, but nobody looked at it yet.
        case adopt(StepExit, isAssumed: Bool)
        /// It never began.
        case repeatAttempt
        case ask
    }

    var verdict: Verdict
    /// The number of the last attempt that there was; 0 for none.
    var lastAttempt: Int
    var inDoubt: Int
}

extension RunInstance {
    /// Of a shell step whose fingerprint is known.
    func past(of unit: RunUnit, spec: StepSpec) -> UnitPast {
        guard let record = history.runs[unit.position] else { return UnitPast(verdict: .run(nil), lastAttempt: 0, inDoubt: 0) }
        let last = max(record.attempt, history.lastAttempt(unit.position)?.number ?? 0)
        var past = UnitPast(verdict: .run(nil), lastAttempt: last, inDoubt: record.inDoubt)
        let isSame = record.fingerprint == unit.fingerprint
        switch record.status {
        case .succeeded:
            past.verdict = isSame ? reuse(unit.position, record, spec) : .run(.changed)
        case .running:
            past.lastAttempt = record.attempt
            past.verdict = unended(unit.position, record, spec, isSame: isSame, &past.inDoubt)
        default: past.verdict = .run(isSame ? .unfinished : .changed)
        }
        guard options.mustRerun(unit.position) else { return past }
        switch past.verdict {
        case .repeatAttempt: break
        default: past.verdict = .run(.asked)
        }
        return past
    }

    private func reuse(_ position: String, _ record: StepRecord, _ spec: StepSpec) -> UnitPast.Verdict {
        for file in record.files where facts.identity(ofFile: file.key) == nil { return .run(.outputMissing) }
        let recorded =
            record.hasSavedOutputs ? facts.savedOutputs(position: position, attempt: record.attempt)?.objectValue : record.outputs
        guard let recorded else { return .run(.outputMissing) }
        var outputs: [(String, Value)] = []
        for output in spec.outputs {
            guard let value = recorded[output.name] else { return .run(.outputMissing) }
            outputs.append((output.name, OutputParsing.restored(value, output.type)))
        }
        return .reuse(record, ValueObject(outputs))
    }

    /// The attempt has no outcome in the steps' records.
    private func unended(
        _ position: String, _ record: StepRecord, _ spec: StepSpec, isSame: Bool, _ inDoubt: inout Int
    ) -> UnitPast.Verdict {
        let attempt = history.attempt(position, record.attempt)
        let exit = facts.exit(position: position, attempt: record.attempt) ?? attempt?.exit
        if let exit {
            switch exit.reason {
            case .own where exit.outcome == .exited(0): return isSame ? .adopt(exit, isAssumed: false) : .run(.changed)
            // What has failed before runs again on resume, whether or not somebody was there to see it.
            case .own, .timeout, .cancelled: return .run(isSame ? .unfinished : .changed)
            case .engineLost: break
            }
        } else {
            // The start is committed before the process is made; and what the engine knows to have failed is not in doubt.
            guard let attempt, attempt.isStarted || attempt.isFinished else { return .repeatAttempt }
            if let error = attempt.error, !StepFailure.isLoss(error) { return .run(isSame ? .unfinished : .changed) }
        }
        if !record.isUndecided { inDoubt += 1 }
        if options.isAssumedDone(position) {
            return .adopt(Self.assumedExit(started: record.started ?? 0), isAssumed: true)
        }
        return spec.onCrash == .ask ? .ask : .run(isSame ? .inDoubt : .changed)
    }

    private static func assumedExit(started: UInt64) -> StepExit {
        StepExit(
            outcome: .exited(0), reason: .own, startedMonotonic: 0, endedMonotonic: 0, startedWall: started, endedWall: started,
            usage: ProcessUsage())
    }

    /// Of a call: which attempt to submit. The engine knows by its key whether it has an answer.
    func pastCall(of unit: RunUnit) -> (attempt: Int, isReused: Bool, rerun: RerunReason?) {
        guard let record = history.runs[unit.position] else { return (1, false, nil) }
        if options.mustRerun(unit.position) { return (record.attempt + 1, false, .asked) }
        guard record.fingerprint == unit.fingerprint else { return (record.attempt + 1, false, .changed) }
        switch record.status {
        case .succeeded: return (record.attempt, true, nil)
        case .running: return (record.attempt, false, nil)
        default:
            // An actor may have carried out a call whose end nobody heard of: by the same key its journal knows it, by another one it would
            // be carried out twice.
            guard case .actor = steps[unit.step].spec.kind else { return (record.attempt + 1, false, .unfinished) }
            let isUnheard = record.status == .cancelled || record.status == .timedOut || record.failure?.isLoss == true
            return (isUnheard ? record.attempt : record.attempt + 1, false, .unfinished)
        }
    }
}
