internal import RayflowCore

/// What becomes of a unit whose attempt has failed.
extension RunInstance {
    /// The attempt, or what had to be known before it, has failed.
    mutating func failUnit(_ unit: Int, _ failure: StepFailure, _ now: UInt64, _ directives: inout [RunDirective]) {
        uncount(unit)
        units[unit].failure =
            units[unit].isCancelling && failure.kind != .timeout ? StepFailure(.cancelled, "cancelled", log: failure.log) : failure
        units[unit].phase = .evaluating
        units[unit].status = .waiting
        conclude(unit, now, &directives)
    }

    /// The attempt is in doubt while the run goes on. It is made again without using up the budget, unless a person is to decide.
    mutating func loseAttempt(_ unit: Int, _ reason: String, _ now: UInt64, _ directives: inout [RunDirective]) {
        let spec = steps[units[unit].step].spec
        units[unit].inDoubt += 1
        if !units[unit].isCancelling, spec.onCrash == .ask {
            uncount(unit)
            return leaveUndecided(unit, now, &directives)
        }
        let failure = StepFailure(.lostNode, reason, log: options.attemptFolder(units[unit].position, units[unit].attempt))
        guard !units[unit].isCancelling, units[unit].lost < RunLimits.lostAttempts else { return failUnit(unit, failure, now, &directives) }
        uncount(unit)
        units[unit].lost += 1
        units[unit].rerun = .inDoubt
        units[unit].status = .waiting
        units[unit].phase = .evaluating
        retry(unit, failure, after: 0, now, &directives)
    }

    /// Another attempt, or the end. Comes again when content that its conditions need has arrived.
    mutating func conclude(_ unit: Int, _ now: UInt64, _ directives: inout [RunDirective]) {
        guard units[unit].phase == .evaluating, let failure = units[unit].failure else { return }
        do throws(PlanFault) {
            if let pause = try pauseBeforeRetry(unit, failure) { return retry(unit, failure, after: pause, now, &directives) }
        } catch {
            switch error {
            case .needs(let refs): return bring(refs, for: .conclude(unit: unit), &directives)
            case .failed(let other): units[unit].failure?.message += "; and its retry.if: \(other.message)"
            }
        }
        concludeFailure(unit, now, &directives)
    }

    mutating func concludeFailure(_ unit: Int, _ now: UInt64, _ directives: inout [RunDirective]) {
        guard let failure = units[unit].failure else { return }
        let number = units[unit].step
        if failure.kind != .cancelled, failure.kind != .inDoubt {
            do throws(PlanFault) {
                let context = context(step: number, unit: unit)
                units[unit].isTolerated = try bool(steps[number].spec.continueOnError, "continue-on-error", context)
            } catch {
                switch error {
                case .needs(let refs):
                    units[unit].phase = .evaluating
                    return bring(refs, for: .conclude(unit: unit), &directives)
                case .failed(let other): units[unit].failure?.message += "; and its continue-on-error: \(other.message)"
                }
            }
        }
        endUnit(unit, failure.status, now, &directives)
    }

    /// Nanoseconds, nil when there is no further attempt.
    private mutating func pauseBeforeRetry(_ unit: Int, _ failure: StepFailure) throws(PlanFault) -> UInt64? {
        let number = units[unit].step
        let policy = steps[number].spec.retry
        guard failure.isRetryable, units[unit].spent > 0, units[unit].charged < policy.maxAttempts, !units[unit].isCancelling else {
            return nil
        }
        // An actor that is gone stays gone in this epoch, and a further attempt would be a further call for the next one.
        if failure.isLoss, case .actor = steps[number].spec.kind { return nil }
        guard let cause = RetryPolicy.Cause(rawValue: failure.kind.rawValue), policy.causes.contains(cause) else { return nil }
        guard gate <= .draining || mayBegin(steps[number]) else { return nil }
        if let condition = policy.condition {
            guard try self.condition(condition, context(step: number, unit: unit)) else { return nil }
        }
        return policy.pause(
            beforeAttempt: units[unit].charged + 1, seed: options.seed, position: units[unit].position, attempt: units[unit].attempt)
    }

    private mutating func retry(
        _ unit: Int, _ failure: StepFailure, after pause: UInt64, _ now: UInt64, _ directives: inout [RunDirective]
    ) {
        release(units[unit].results.map(\.ref), &directives)
        units[unit].results = []
        var record = record(of: units[unit], .waiting)
        record.failure = failure
        directives.append(.record(position: units[unit].position, record))
        let next = units[unit].attempt + 1
        directives.append(
            .event(.retrying(position: units[unit].position, nextAttempt: next, afterNanoseconds: pause, failure: failure)))
        units[unit].lastFailure = failure
        units[unit].failure = nil
        guard pause > 0 else {
            work.append(.evaluate(unit: unit))
            return
        }
        units[unit].phase = .pausing
        directives.append(.startTimer(.retry(unit: unit, attempt: units[unit].attempt), afterNanoseconds: pause))
    }
}
