internal import RayflowCore

/// Letting less begin, and ending what runs.
extension RunInstance {
    mutating func stop(_ result: EndRecord.Result, _ now: UInt64, _ directives: inout [RunDirective]) {
        guard !isEnded else { return }
        if stopResult == nil || result == .fault { stopResult = result }
        narrow(to: .stopped, now, &directives)
    }

    mutating func narrow(to next: Gate, _ now: UInt64, _ directives: inout [RunDirective]) {
        guard next > gate else { return }
        gate = next
        // Steps with units that now may not begin end them where they would have begun.
        for number in steps.indices where steps[number].isExpanded && !steps[number].status.isEnded && !mayBegin(steps[number]) {
            enqueue(number)
        }
        // Steps that wait for the content of objects before they are expanded.
        for number in steps.indices where steps[number].status == .waiting && !steps[number].isExpanded {
            work.append(.ready(step: number))
        }
        guard next >= .cancelling else { return }
        for unit in units.indices where !mayBegin(steps[units[unit].step]) {
            switch units[unit].phase {
            case .running:
                guard !units[unit].isCancelling else { continue }
                units[unit].isCancelling = true
                directives.append(.cancel(unit: unit, attempt: units[unit].attempt))
            case .evaluating, .pausing: endUnit(unit, .cancelled, now, &directives)
            case .queued, .ended: break
            }
        }
    }

    // MARK: Waiting for content

    mutating func bring(_ refs: [ValueRef], for waiter: Work, _ directives: inout [RunDirective]) {
        for ref in refs { waiters[ref, default: []].insert(waiter) }
        let missing = refs.filter { requested.insert($0).inserted }
        if !missing.isEmpty { directives.append(.materialise(missing)) }
    }

    /// The content of objects has come, or why it cannot.
    package mutating func onMaterialised(
        _ results: [ValueRef: Result<Value, StepFailure>], now: UInt64, into directives: inout [RunDirective]
    ) {
        var woken: Set<Work> = []
        var failed: [Work: StepFailure] = [:]
        for (ref, result) in results where requested.contains(ref) {
            let waiting = waiters.removeValue(forKey: ref) ?? []
            switch result {
            case .success(let value):
                contents[ref] = value
                woken.formUnion(waiting)
            case .failure(let failure):
                requested.remove(ref)
                for waiter in waiting { failed[waiter] = failure }
            }
        }
        for (waiter, failure) in failed { fail(waiter, failure, now, &directives) }
        // In an order that does not depend on hashing, so that a run can be replayed.
        work += woken.filter { failed[$0] == nil }.sorted { Self.order($0) < Self.order($1) }
        settle(now, &directives)
    }

    private static func order(_ work: Work) -> (Int, Int) {
        switch work {
        case .ready(let step): (0, step)
        case .evaluate(let unit): (1, unit)
        case .conclude(let unit): (2, unit)
        case .collect(let unit): (3, unit)
        case .outputs: (4, 0)
        }
    }

    private mutating func fail(_ waiter: Work, _ failure: StepFailure, _ now: UInt64, _ directives: inout [RunDirective]) {
        let failure = StepFailure(.failure, "cannot bring an object that it needs: \(failure.message)")
        switch waiter {
        case .ready(let step): failPlanning(step, failure, now, &directives)
        case .evaluate(let unit), .conclude(let unit), .collect(let unit):
            guard units[unit].phase != .ended else { return }
            failUnit(unit, failure, now, &directives)
        case .outputs: failOutputs(failure, now, &directives)
        }
    }
}
