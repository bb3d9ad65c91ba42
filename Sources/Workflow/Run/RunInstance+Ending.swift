internal import RayflowCore

/// The end of the run, and what it looks like meanwhile.
extension RunInstance {
    /// All steps have ended: the workflow's own outputs are left.
    mutating func finish(_ now: UInt64, _ directives: inout [RunDirective]) {
        guard openSteps == 0, !isEnded else { return }
        // A step that somebody cancelled by itself leaves the run without its outputs.
        let isWhole = failedSteps.isEmpty && !steps.contains { $0.status == .cancelled }
        let result = stopResult ?? (isWhole ? .success : .failure)
        guard result == .success else { return conclude(result, [:], failureMessage(result), now, &directives) }
        var outputs = JSONObject()
        do throws(PlanFault) {
            let context = outputsContext()
            defer { outputsMemo = context.memo }
            context.set("env", .object(try environment(workflow.env, context)))
            for (name, value) in try evaluate(workflow.outputs, context, loaded) { outputs[name] = try json(value) }
        } catch {
            switch error {
            case .needs(let refs): return bring(refs, for: .outputs, &directives)
            case .failed(let failure): return failOutputs(failure, now, &directives)
            }
        }
        conclude(.success, outputs, "", now, &directives)
    }

    private func outputsContext() -> StepContext {
        let values = keptSteps.sorted().map { (steps[$0].spec.id, steps[$0].value) }
        return StepContext(
            ["inputs": inputs, "run": runValue, "steps": .object(ValueObject(values)), "env": .object([:]), "secrets": .object([:])],
            statuses: .init(), facts: facts, contents: contents, memo: outputsMemo)
    }

    mutating func failOutputs(_ failure: StepFailure, _ now: UInt64, _ directives: inout [RunDirective]) {
        guard openSteps == 0, !isEnded else { return }
        conclude(.failure, [:], "the workflow's outputs: \(failure.message)", now, &directives)
    }

    private mutating func conclude(
        _ result: EndRecord.Result, _ outputs: JSONObject, _ message: String, _ now: UInt64, _ directives: inout [RunDirective]
    ) {
        release(holders.keys.sorted { $0.id < $1.id }, &directives)
        holders = [:]
        var report = report(now: now)
        report.result = RunReport.Result(result)
        report.outputs = outputs
        report.message = message
        report.ended = now
        end(RunOutcome(result: result, outputs: outputs, message: message, report: report), &directives)
    }

    private func failureMessage(_ result: EndRecord.Result) -> String {
        switch result {
        case .success: ""
        case .cancelled: "cancelled; go on with: rayflow resume \(options.runID)"
        case .timedOut:
            "not done within \(workflow.timeout.map(DurationForm.text) ?? "its time"); go on with: rayflow resume \(options.runID)"
        case .fault: faultMessage ?? "the engine cannot go on"
        case .failure: failedMessage
        }
    }

    /// The first failures that count, each with its reason.
    private var failedMessage: String {
        var lines: [String] = []
        var more = 0
        for id in failedSteps {
            guard let number = workflow.stepNumber(exactly: id), steps[number].status != .upstreamFailed else { continue }
            let failed = units[steps[number].units].filter { $0.status.isFailure && !$0.isTolerated }
            let reasons =
                failed.isEmpty
                ? [(id, steps[number].failure?.message ?? steps[number].status.rawValue)]
                : failed.map { ($0.position, $0.failure?.message ?? $0.status.rawValue) }
            for (position, reason) in reasons {
                if lines.count < 5 { lines.append("step '\(position)' \(steps[number].status.rawValue): \(reason)") } else { more += 1 }
            }
        }
        if lines.isEmpty, let cancelled = steps.first(where: { $0.status == .cancelled }) {
            lines.append("step '\(cancelled.spec.id)' was cancelled")
        }
        if more > 0 { lines.append("and \(more) more") }
        return lines.joined(separator: "\n")
    }

    // MARK: The state of things

    /// How many units stand where.
    package var progress: RunCounts { counts }

    /// Positions of the units that run, the longest-running first, at most `count` of them.
    package func running(atMost count: Int) -> [(position: String, started: UInt64)] {
        var found: [(position: String, started: UInt64)] = []
        for step in steps where step.activeUnits > 0 {
            for unit in units[step.units] where unit.phase == .running {
                found.append((unit.position, unit.started ?? 0))
            }
        }
        return Array(found.sorted { $0.started < $1.started }.prefix(count))
    }

    package func report(now: UInt64) -> RunReport {
        RunReport(
            run: options.runID, workflow: workflow.name, result: .running, steps: steps.map { self.report(of: $0) },
            started: options.startedWallNS, epoch: options.epoch)
    }

    private func report(of step: RunStep) -> UnitReport {
        let items = units[step.units].map { self.report(of: $0, step) }
        if step.isExpanded, !step.spec.isFanOut, let only = items.first { return only }
        var report = UnitReport(step.spec.id, step.isExpanded && !step.status.isEnded ? .running : step.status)
        report.failure = step.failure
        report.isTolerated = step.isTolerated
        report.waits = step.isExpanded ? nil : waits(for: step)
        if step.isExpanded {
            report.adopt(items)
            if step.status.isEnded { report.ended = items.compactMap(\.ended).max() }
        }
        return report
    }

    private func report(of unit: RunUnit, _ step: RunStep) -> UnitReport {
        var report = UnitReport(unit.position, unit.status, attempts: unit.attempt, inDoubt: unit.inDoubt)
        report.systemRetries = unit.systemRetries
        report.isTolerated = unit.isTolerated
        report.isReused = unit.isReused
        report.started = unit.started
        report.ended = unit.ended
        report.failure = unit.failure ?? (unit.phase == .pausing ? unit.lastFailure : nil)
        report.rerun = unit.rerun
        report.waits = waits(for: unit, step)
        return report
    }

    private func waits(for step: RunStep) -> String? {
        if step.status.isEnded { return nil }
        let open = step.dependencies.filter { !steps[$0].status.isEnded }.map { steps[$0].spec.id }
        if open.isEmpty { return "objects" }
        return open.count <= 3 ? open.joined(separator: ", ") : "\(open[0]), \(open[1]) and \(open.count - 2) more"
    }

    private func waits(for unit: RunUnit, _ step: RunStep) -> String? {
        switch unit.phase {
        case .queued: step.activeUnits >= step.maxParallel ? "max-parallel of \(step.spec.id)" : "max-parallel"
        case .evaluating: "objects"
        case .running: step.spec.kind.isProcess && !unit.hasProcess ? "resources" : nil
        case .pausing: "the pause before attempt \(unit.attempt + 1)"
        case .ended: nil
        }
    }
}
