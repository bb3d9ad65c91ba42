internal import Raylet
internal import RayflowCore

/// One unit: from its plan to its end.
extension RunInstance {
    /// Plans the unit's next attempt and lets it begin; comes again when content that was missing has arrived.
    mutating func evaluate(_ unit: Int, _ now: UInt64, _ directives: inout [RunDirective]) {
        guard units[unit].phase == .evaluating else { return }
        let number = units[unit].step
        // An attempt after a failure belongs to what runs already.
        guard mayBegin(steps[number]) || gate == .draining && units[unit].spent > 0 else {
            return endUnit(unit, .cancelled, now, &directives)
        }
        do throws(PlanFault) {
            let context = context(step: number, unit: unit)
            defer { keep(context, step: number, unit: unit) }
            if steps[number].hasItemCondition, units[unit].spent == 0, let condition = steps[number].spec.condition {
                try setEnvironment(number, context, for: [condition])
                guard try self.condition(condition, context) else { return endUnit(unit, .skipped, now, &directives) }
            }
            switch steps[number].spec.kind {
            case .value(let members): try computeValue(unit, members, context, now, &directives)
            case .run, .command: try beginProcess(unit, context, now, &directives)
            case .call, .actor:
                let (order, actor) = try callPlan(unit, context)
                if let actor, createdActors.insert(actor.id).inserted { directives.append(.createActor(actor)) }
                begin(unit, order, now, &directives)
            }
        } catch {
            switch error {
            case .needs(let refs): bring(refs, for: .evaluate(unit: unit), &directives)
            case .failed(let failure): failUnit(unit, failure, now, &directives)
            }
        }
    }

    private mutating func computeValue(
        _ unit: Int, _ members: [TemplateMember], _ context: StepContext, _ now: UInt64, _ directives: inout [RunDirective]
    ) throws(PlanFault) {
        let values = ValueObject(try evaluate(members, context) { $0 })
        units[unit].outside = context.memo
        units[unit].started = now
        units[unit].fingerprint = digest(.object(values))
        succeed(unit, values, now, &directives)
    }

    // MARK: Beginning

    private mutating func beginProcess(
        _ unit: Int, _ context: StepContext, _ now: UInt64, _ directives: inout [RunDirective]
    ) throws(PlanFault) {
        let plan = try shellPlan(unit, context)
        units[unit].outside = context.memo
        guard units[unit].spent == 0 else {
            return launch(unit, try shellOrder(plan, unit, attempt: units[unit].attempt + 1), now, &directives)
        }
        units[unit].fingerprint = plan.fingerprint.description
        let past = past(of: units[unit], spec: steps[units[unit].step].spec)
        let next: ShellOrder? =
            switch past.verdict {
            case .run: try shellOrder(plan, unit, attempt: past.lastAttempt + 1)
            case .adopt, .repeatAttempt: try shellOrder(plan, unit, attempt: past.lastAttempt)
            case .reuse, .ask: nil
            }
        noteChanges(units[unit].position, units[unit].outside, &directives)
        units[unit].inDoubt = past.inDoubt
        units[unit].attempt = past.lastAttempt
        switch past.verdict {
        case .run(let reason): units[unit].rerun = reason
        case .adopt(let exit, let isAssumed):
            units[unit].isAssumed = isAssumed
            if let next { return adopt(unit, next, exit, &directives) }
        case .repeatAttempt: break
        case .reuse(let record, let outputs):
            guard record.hasSavedOutputs else { return reuse(unit, record, outputs, now, &directives) }
            units[unit].reused = record
            let values = StepOutputs(Dictionary(outputs.map { ($0.key, $0.value) }) { first, _ in first })
            directives.append(.hold(unit: unit, values, types: outputTypes(unit)))
            return
        case .ask: return leaveUndecided(unit, now, &directives)
        }
        if let next { launch(unit, next, now, &directives) }
    }

    private mutating func launch(_ unit: Int, _ order: ShellOrder, _ now: UInt64, _ directives: inout [RunDirective]) {
        markRunning(unit, attempt: order.attempt, now, &directives)
        directives.append(.launch(unit: unit, order))
    }

    private mutating func adopt(_ unit: Int, _ order: ShellOrder, _ exit: StepExit, _ directives: inout [RunDirective]) {
        units[unit].phase = .running
        units[unit].status = .running
        units[unit].spent = 1
        units[unit].started = exit.startedWall
        directives.append(.adopt(unit: unit, order, exit))
    }

    private mutating func begin(_ unit: Int, _ order: CallOrder, _ now: UInt64, _ directives: inout [RunDirective]) {
        var order = order
        if units[unit].spent > 0 {
            order.attempt = units[unit].attempt + 1
        } else {
            units[unit].fingerprint = order.fingerprint.description
            noteChanges(units[unit].position, units[unit].outside, &directives)
            let past = pastCall(of: units[unit])
            order.attempt = past.attempt
            units[unit].systemRetries = history.runs[units[unit].position]?.systemRetries ?? 0
            units[unit].isReused = past.isReused
            units[unit].rerun = past.rerun
        }
        markRunning(unit, attempt: order.attempt, now, &directives)
        directives.append(.call(unit: unit, order))
    }

    private mutating func markRunning(_ unit: Int, attempt: Int, _ now: UInt64, _ directives: inout [RunDirective]) {
        units[unit].attempt = attempt
        units[unit].spent += 1
        units[unit].phase = .running
        units[unit].status = .running
        units[unit].failure = nil
        units[unit].hasProcess = false
        if units[unit].started == nil { units[unit].started = now }
        units[unit].isCounted = true
        counts.running += 1
        var record = record(of: units[unit], .running)
        record.started = units[unit].started
        directives.append(.record(position: units[unit].position, record))
        directives.append(.event(.submitted(position: units[unit].position, attempt: attempt, rerun: units[unit].rerun)))
    }

    private mutating func reuse(
        _ unit: Int, _ record: StepRecord, _ outputs: ValueObject, _ now: UInt64, _ directives: inout [RunDirective]
    ) {
        units[unit].isReused = true
        units[unit].outputs = outputs
        units[unit].started = record.started
        for (path, identity) in record.files { fileIdentities[path] = identity.stringValue }
        counts.reused += 1
        if history.steps[units[unit].position] != record { directives.append(.record(position: units[unit].position, record)) }
        close(unit, .succeeded, ended: record.ended ?? now, now, &directives)
    }

    func outputTypes(_ unit: Int) -> [String: ValueType] {
        Dictionary(steps[units[unit].step].spec.outputs.map { ($0.name, $0.type) }) { first, _ in first }
    }

    /// The outputs of an earlier epoch are where they are wanted.
    package mutating func onHeld(unit: Int, _ outputs: StepOutputs, now: UInt64, into directives: inout [RunDirective]) {
        guard units.indices.contains(unit), units[unit].phase == .evaluating, let record = units[unit].reused else { return }
        units[unit].reused = nil
        refDigests.merge(outputs.digests) { _, new in new }
        let names = steps[units[unit].step].spec.outputs.map(\.name)
        reuse(unit, record, ValueObject(names.map { ($0, outputs.values[$0] ?? .null) }), now, &directives)
        settle(now, &directives)
    }

    /// Nobody knows how the last attempt ended, and the step wants a person to decide.
    mutating func leaveUndecided(_ unit: Int, _ now: UInt64, _ directives: inout [RunDirective]) {
        let position = units[unit].position
        let way = "--assume-done '\(position)' | --rerun '\(position)'"
        units[unit].failure = StepFailure(
            .inDoubt,
            "'\(position)' was running when everything died, and nobody knows whether it ended; decide with: "
                + "rayflow resume \(options.runID) \(way)")
        units[unit].isUndecided = true
        concludeFailure(unit, now, &directives)
    }

    // MARK: What happened

    /// The process of the attempt has been started.
    package mutating func onProcessStarted(unit: Int, attempt: Int, into directives: inout [RunDirective]) {
        guard isCurrent(unit, attempt) else { return }
        units[unit].hasProcess = true
        directives.append(.event(.started(position: units[unit].position, attempt: attempt)))
    }

    /// The attempt of a shell step has ended, or could not begin.
    package mutating func onAttemptEnded(
        unit: Int, attempt: Int, _ end: AttemptEnd, now: UInt64, into directives: inout [RunDirective]
    ) {
        guard isCurrent(unit, attempt) else { return }
        switch end {
        case .succeeded(let outputs): succeed(unit, outputs, now, &directives)
        case .failed(let failure): failUnit(unit, failure, now, &directives)
        case .lost(let reason): loseAttempt(unit, reason, now, &directives)
        }
        settle(now, &directives)
    }

    func isCurrent(_ unit: Int, _ attempt: Int) -> Bool {
        units.indices.contains(unit) && units[unit].phase == .running && units[unit].attempt == attempt
    }

    private mutating func succeed(_ unit: Int, _ outputs: StepOutputs, _ now: UInt64, _ directives: inout [RunDirective]) {
        for (path, identity) in outputs.files { fileIdentities[path] = identity }
        refDigests.merge(outputs.digests) { _, new in new }
        units[unit].files = outputs.files
        let names = steps[units[unit].step].spec.outputs.map(\.name)
        let values = ValueObject(names.map { ($0, outputs.values[$0] ?? .null) })
        succeed(unit, values, areSaved: outputs.areSaved, now, &directives)
    }

    /// - Parameter areSaved: the outputs are kept beside the attempt; there may be references among them.
    mutating func succeed(
        _ unit: Int, _ outputs: ValueObject, areSaved: Bool = false, _ now: UInt64, _ directives: inout [RunDirective]
    ) {
        units[unit].outputs = outputs
        units[unit].failure = nil
        var record = record(of: units[unit], .succeeded)
        record.started = units[unit].started
        record.ended = now
        if areSaved {
            record.hasSavedOutputs = true
        } else if steps[units[unit].step].spec.kind.isProcess {
            let values = Value.object(outputs).plainJSON
            let isLarge = values.compact.utf8.count > RunLimits.recordedOutputBytes
            if isLarge { directives.append(.saveOutputs(position: units[unit].position, attempt: units[unit].attempt, values)) }
            record.hasSavedOutputs = isLarge
            record.outputs = isLarge ? nil : values.objectValue
        }
        if steps[units[unit].step].spec.kind.isProcess {
            record.files = JSONObject(units[unit].files.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
        }
        directives.append(.record(position: units[unit].position, record))
        close(unit, .succeeded, ended: now, now, &directives)
    }

    // MARK: The end

    /// Ends the unit without outputs.
    mutating func endUnit(_ unit: Int, _ status: StepStatus, _ now: UInt64, _ directives: inout [RunDirective]) {
        guard units[unit].phase != .ended else { return }
        // Of a fan-out that is cut short, what never began leaves no trace.
        if units[unit].phase != .queued || units[unit].item == nil {
            var record = record(of: units[unit], units[unit].isUndecided ? .running : status)
            record.isTolerated = units[unit].isTolerated
            record.isUndecided = units[unit].isUndecided
            record.failure = units[unit].failure
            record.started = units[unit].started
            record.ended = now
            directives.append(.record(position: units[unit].position, record))
        }
        release(units[unit].results.map(\.ref), &directives)
        units[unit].results = []
        close(unit, status, ended: now, now, &directives)
    }

    private mutating func close(
        _ unit: Int, _ status: StepStatus, ended: UInt64, _ now: UInt64, _ directives: inout [RunDirective]
    ) {
        uncount(unit)
        units[unit].phase = .ended
        units[unit].status = status
        units[unit].ended = ended
        count(status)
        let done = units[unit]
        let duration = done.started.flatMap { ended >= $0 ? ended - $0 : nil }
        directives.append(
            .event(
                .finished(
                    position: done.position, status: status, attempt: done.attempt, nanoseconds: duration, isReused: done.isReused)))
        if status.isFailure, let failure = done.failure {
            directives.append(.event(.failed(position: done.position, failure: failure, isTolerated: done.isTolerated, tail: [])))
        }
        unitClosed(unit, now, &directives)
    }

    mutating func uncount(_ unit: Int) {
        if units[unit].isCounted { counts.running -= 1 }
        units[unit].isCounted = false
    }

    func record(of unit: RunUnit, _ status: StepStatus) -> StepRecord {
        var record = StepRecord(status)
        record.attempt = unit.attempt
        record.fingerprint = unit.fingerprint.isEmpty ? nil : unit.fingerprint
        record.outside = unit.outside.digests
        record.inDoubt = unit.inDoubt
        record.systemRetries = unit.systemRetries
        record.rerun = unit.rerun
        return record
    }
}

/// How an attempt of a shell step ended.
package enum AttemptEnd: Sendable, Hashable {
    /// The process ended well, and its outputs are as declared.
    case succeeded(StepOutputs)
    case failed(StepFailure)
    /// Whoever ran it is gone, and nothing tells how it ended.
    case lost(String)
}
