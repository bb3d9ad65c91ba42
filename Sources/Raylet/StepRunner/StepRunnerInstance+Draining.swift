internal import Glibc

extension StepRunnerInstance {
    /// Timers that are due. Call it when `nextDeadline` has passed; earlier calls change nothing.
    package mutating func onTimer(now: UInt64, into directives: inout [StepRunnerDirective]) {
        var next = UInt64.max
        for key in steps.keys.sorted() {
            guard let due = steps[key], due.leader != 0 else { continue }
            if due.timeoutAt <= now, due.stop == nil, due.end == nil {
                stop(key, reason: .timeout, grace: due.start.grace, now: now, into: &directives)
            }
            guard var step = steps[key] else { continue }
            if let stop = step.stop, stop.giveUpAt == nil, stop.killAt <= now {
                step.stop?.giveUpAt = now + StepRunnerLimits.killConfirmation
                if step.hasGroup { directives.append(.signalGroup(step.leader, signal: SIGKILL)) }
                if step.end != nil { wantsCensus = true }
                steps[key] = step
            }
            if step.end != nil, min(step.lookAgainAt, step.stop?.giveUpAt ?? .max) <= now { wantsCensus = true }
            next = min(next, deadline(of: step))
        }
        if closing != nil, steps.isEmpty {
            wantsCensus = true
            if let at = closing?.killStraysAt, at > now { next = min(next, at) }
        }
        nextDeadline = next == .max ? nil : next
    }

    /// A leader that does not end after SIGKILL has no timer: its death is reported by the kernel or it lives.
    private func deadline(of step: Step) -> UInt64 {
        var next = step.stop == nil && step.end == nil ? step.timeoutAt : .max
        if let stop = step.stop, stop.giveUpAt == nil { next = min(next, stop.killAt) }
        if step.end != nil { next = min(next, step.lookAgainAt, step.stop?.giveUpAt ?? .max) }
        return next
    }

    /// Finishes the steps of which nothing is left, and goes on ending the others.
    package mutating func onCensus(_ census: Census, now: UInt64, into directives: inout [StepRunnerDirective]) {
        wantsCensus = false
        var byToken: [String: [Census.Orphan]] = [:]
        var strays: [Census.Orphan] = []
        for orphan in census.orphans {
            if let token = orphan.token {
                byToken[token, default: []].append(orphan)
            } else {
                strays.append(orphan)
            }
        }
        for key in draining.sorted() {
            guard var step = steps[key], let end = step.end else { continue }
            if !census.livingGroups.contains(step.leader) { step.hasGroup = false }
            let orphans = byToken[step.token] ?? []
            let isOver = (step.stop?.giveUpAt).map { $0 <= now } ?? false
            if (!step.hasGroup && orphans.isEmpty) || isOver {
                finish(key, step, end, into: &directives)
            } else {
                drain(&step, orphans, now: now, into: &directives)
                steps[key] = step
            }
        }
        // A token that belongs to no step: a process that hid in the middle of an exec, or of a runner inside a step that is gone.
        for (token, orphans) in byToken.sorted(by: { $0.key < $1.key }) where keysByToken[token] == nil {
            for orphan in orphans { directives.append(.signalOrphan(orphan, signal: SIGKILL)) }
            if closing != nil { strays += orphans }
        }
        if closing != nil, steps.isEmpty { endStrays(strays, now: now, into: &directives) }
    }

    private func remaining(_ step: Step, now: UInt64) -> Bool { step.stop.map { $0.killAt > now } ?? true }

    private mutating func drain(_ step: inout Step, _ orphans: [Census.Orphan], now: UInt64, into directives: inout [StepRunnerDirective]) {
        if step.stop == nil {
            step.stop = Stop(reason: .own, killAt: now + step.start.grace)
            if step.hasGroup { directives.append(.signalGroup(step.leader, signal: SIGTERM)) }
            noteDeadline(now + step.start.grace)
        }
        if remaining(step, now: now) {
            for orphan in orphans where step.asked.insert(orphan.pid).inserted {
                directives.append(.signalOrphan(orphan, signal: SIGTERM))
            }
        } else {
            if step.stop?.giveUpAt == nil { step.stop?.giveUpAt = now + StepRunnerLimits.killConfirmation }
            if step.hasGroup { directives.append(.signalGroup(step.leader, signal: SIGKILL)) }
            for orphan in orphans { directives.append(.signalOrphan(orphan, signal: SIGKILL)) }
        }
        step.lookAgainAt = now + StepRunnerLimits.censusInterval
        noteDeadline(step.lookAgainAt)
    }

    /// The last step is finished and the runner is to leave: what is still its child goes too, whatever it carries.
    private mutating func endStrays(_ strays: [Census.Orphan], now: UInt64, into directives: inout [StepRunnerDirective]) {
        guard var closing else { return }
        let killAt = closing.killStraysAt ?? now + StepRunnerLimits.strayGrace
        if strays.isEmpty || now >= killAt + StepRunnerLimits.killConfirmation {
            directives.append(.leave)
            return
        }
        closing.killStraysAt = killAt
        if now >= killAt {
            for orphan in strays { directives.append(.signalOrphan(orphan, signal: SIGKILL)) }
        } else {
            for orphan in strays where closing.asked.insert(orphan.pid).inserted {
                directives.append(.signalOrphan(orphan, signal: SIGTERM))
            }
        }
        noteDeadline(now < killAt ? min(killAt, now + StepRunnerLimits.censusInterval) : now + StepRunnerLimits.censusInterval)
        self.closing = closing
    }
}
