internal import RayflowCore

/// From the end of what a step needs to its units, and from the end of these to its own.
extension RunInstance {
    /// Whether units of the step may begin.
    func mayBegin(_ step: RunStep) -> Bool {
        switch gate {
        case .open: true
        case .draining, .cancelling: step.decidesItself
        case .stopped: false
        }
    }

    /// All that the step needs has ended.
    mutating func becomeReady(_ number: Int, _ now: UInt64, _ directives: inout [RunDirective]) {
        let step = steps[number]
        guard !step.status.isEnded, !step.isExpanded else { return }
        if !step.decidesItself, let status = verdict(of: step) { return endUnstarted(number, status, now, &directives) }
        guard mayBegin(step) else { return endUnstarted(number, .cancelled, now, &directives) }
        steps[number].status = .waiting
        do throws(PlanFault) {
            let context = context(step: number, unit: nil)
            defer { keep(context, step: number, unit: nil) }
            try setEnvironment(number, context, for: step.planningTemplates)
            if let condition = step.spec.condition, !step.hasItemCondition {
                guard try self.condition(condition, context) else { return endUnstarted(number, .skipped, now, &directives) }
            }
            try expand(number, context, &directives)
        } catch {
            switch error {
            case .needs(let refs): return bring(refs, for: .ready(step: number), &directives)
            case .failed(let failure): return failPlanning(number, failure, now, &directives)
            }
        }
        noteChanges(steps[number].spec.id, steps[number].outside, &directives)
        steps[number].nextUnit = steps[number].units.lowerBound
        steps[number].openUnits = steps[number].units.count
        steps[number].isExpanded = true
        if steps[number].spec.isFanOut { recordExpansion(number, now, &directives) }
        if steps[number].openUnits == 0 { stepEnded(number, now, &directives) } else { enqueue(number) }
    }

    /// What its dependencies make of a step that leaves failures to the rules; nil lets it run.
    private func verdict(of step: RunStep) -> StepStatus? {
        var verdict: StepStatus?
        for dependency in step.dependencies where !steps[dependency].isGood {
            switch steps[dependency].status {
            case .failed, .timedOut, .upstreamFailed: return .upstreamFailed
            case .cancelled: verdict = .cancelled
            default: verdict = verdict ?? .skipped
            }
        }
        return verdict
    }

    // MARK: Ends

    /// A step that cannot have units, because its expressions have no value.
    mutating func failPlanning(_ number: Int, _ failure: StepFailure, _ now: UInt64, _ directives: inout [RunDirective]) {
        guard !steps[number].status.isEnded, !steps[number].isExpanded else { return }
        steps[number].failure = failure
        endUnstarted(number, failure.status, now, &directives)
    }

    /// A step that had no units ends: skipped, cancelled, or because it could not be planned.
    mutating func endUnstarted(_ number: Int, _ status: StepStatus, _ now: UInt64, _ directives: inout [RunDirective]) {
        steps[number].status = status
        count(status)
        let id = steps[number].spec.id
        directives.append(.event(.finished(position: id, status: status, attempt: 0, nanoseconds: nil, isReused: false)))
        if let failure = steps[number].failure {
            directives.append(.event(.failed(position: id, failure: failure, isTolerated: false, tail: [])))
        }
        close(number, now, &directives)
    }

    /// A unit has ended; perhaps its step with it.
    mutating func unitClosed(_ unit: Int, _ now: UInt64, _ directives: inout [RunDirective]) {
        let number = units[unit].step
        steps[number].activeUnits -= 1
        steps[number].openUnits -= 1
        inFlight -= 1
        if steps[number].openUnits == 0 { stepEnded(number, now, &directives) } else { enqueue(number) }
    }

    /// All units of the step have ended.
    private mutating func stepEnded(_ number: Int, _ now: UInt64, _ directives: inout [RunDirective]) {
        let range = steps[number].units
        steps[number].status = Self.summary(units[range])
        steps[number].isTolerated =
            steps[number].status.isFailure && units[range].allSatisfy { !$0.status.isFailure || $0.isTolerated }
        if range.isEmpty {
            counts.total += 1
            count(.succeeded)
        }
        close(number, now, &directives)
    }

    private static func summary(_ units: ArraySlice<RunUnit>) -> StepStatus {
        var found: Set<StepStatus> = []
        for unit in units { found.insert(unit.status) }
        // A failure that counts goes before one that does not.
        for status in [StepStatus.failed, .timedOut] where units.contains(where: { $0.status == status && !$0.isTolerated }) {
            return status
        }
        for status in [StepStatus.cancelled, .failed, .timedOut] where found.contains(status) { return status }
        return found == [.skipped] ? .skipped : .succeeded
    }

    private mutating func close(_ number: Int, _ now: UInt64, _ directives: inout [RunDirective]) {
        let step = steps[number]
        steps[number].value = value(of: step)
        steps[number].fingerprint = fingerprint(of: step)
        if !step.isExpanded || step.spec.isFanOut { recordEnd(number, now, &directives) }
        for ref in steps[number].value.refs { holders[ref, default: 0] += 1 }
        openSteps -= 1
        if step.status.isFailure, !step.isTolerated {
            failedSteps.append(step.spec.id)
            if step.status != .upstreamFailed { react(to: number, now, &directives) }
        }
        for dependent in step.dependents {
            steps[dependent].openDependencies -= 1
            if steps[dependent].openDependencies == 0 { work.append(.ready(step: dependent)) }
        }
        if step.openDependents == 0 { drop(number, &directives) }
        for dependency in step.dependencies {
            steps[dependency].openDependents -= 1
            if steps[dependency].openDependents == 0 { drop(dependency, &directives) }
        }
        steps[number].dependencyValues = nil
        if openSteps == 0 { work.append(.outputs) }
    }

    private func value(of step: RunStep) -> Value {
        var outputs: [(String, Value)] = []
        if step.spec.isFanOut, step.isExpanded, step.status != .skipped {
            for name in step.spec.outputNames {
                outputs.append((name, .list(units[step.units].map { $0.outputs?[name] ?? .null })))
            }
        } else if let unit = step.units.first, let values = units[unit].outputs {
            outputs = values.map { ($0.key, $0.value) }
        }
        return ["outputs": .object(ValueObject(outputs)), "result": .string(step.status.result)]
    }

    private func fingerprint(of step: RunStep) -> String {
        guard step.isExpanded else { return step.status.rawValue }
        guard step.spec.isFanOut else { return step.units.first.map { units[$0].fingerprint } ?? "" }
        var hasher = Digest128Hasher()
        for unit in units[step.units] {
            hasher.update(unit.position)
            hasher.update(unit.fingerprint)
        }
        return hasher.digest.description
    }

    private func recordEnd(_ number: Int, _ now: UInt64, _ directives: inout [RunDirective]) {
        let step = steps[number]
        var record = StepRecord(step.status)
        record.failure = step.failure
        record.isTolerated = step.isTolerated
        record.outside = step.outside.digests
        if step.spec.isFanOut, step.isExpanded { record.items = step.units.count }
        record.started = units[step.units].compactMap(\.started).min()
        record.ended = now
        directives.append(.record(position: step.spec.id, record))
    }

    /// What a failure means for the rest.
    private mutating func react(to number: Int, _ now: UInt64, _ directives: inout [RunDirective]) {
        switch workflow.failurePolicy {
        case .goOn: break
        case .drain: narrow(to: .draining, now, &directives)
        case .cancel: narrow(to: .cancelling, now, &directives)
        }
    }

    /// Nobody can ask for the outputs of the step any more.
    private mutating func drop(_ number: Int, _ directives: inout [RunDirective]) {
        guard !keptSteps.contains(number) else { return }
        var free: [ValueRef] = []
        for ref in steps[number].value.refs {
            guard let count = holders[ref] else { continue }
            holders[ref] = count > 1 ? count - 1 : nil
            if count == 1 { free.append(ref) }
        }
        for unit in steps[number].units { units[unit].outputs = nil }
        steps[number].value = .null
        release(free, &directives)
    }

    mutating func release(_ refs: [ValueRef], _ directives: inout [RunDirective]) {
        guard !refs.isEmpty else { return }
        for ref in refs {
            contents[ref] = nil
            refDigests[ref] = nil
            requested.remove(ref)
        }
        directives.append(.release(refs))
    }

    mutating func count(_ status: StepStatus) {
        switch status {
        case .succeeded: counts.succeeded += 1
        case .failed, .timedOut, .upstreamFailed: counts.failed += 1
        case .skipped: counts.skipped += 1
        case .cancelled: counts.cancelled += 1
        case .pending, .waiting, .running: break
        }
    }

    /// Says what has another answer than in the epoch before.
    func noteChanges(_ position: String, _ memo: OutsideMemo, _ directives: inout [RunDirective]) {
        guard let before = history.steps[position]?.outside else { return }
        for call in memo.changes(since: before) { directives.append(.event(.inputChanged(position: position, call: call))) }
    }
}
