/// Which units begin when.
extension RunInstance {
    mutating func enqueue(_ number: Int) {
        guard !steps[number].isQueued, steps[number].nextUnit < steps[number].units.upperBound else { return }
        steps[number].isQueued = true
        queue.insert(number, at: place(of: number))
    }

    /// Of what could start, the steps with the longest path to the exit come first, and equal ones in the order in which they became ready.
    private func place(of number: Int) -> Int {
        var low = queueHead, high = queue.count
        while low < high {
            let middle = (low + high) / 2
            if steps[queue[middle]].pathLength >= steps[number].pathLength { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The next step that may start a unit now.
    mutating func nextStep() -> Int? {
        while queueHead < queue.count {
            let number = queue[queueHead]
            let step = steps[number]
            let isFull = step.activeUnits >= step.maxParallel && mayBegin(step)
            if step.nextUnit >= step.units.upperBound || isFull {
                // A unit that ends puts it back.
                steps[number].isQueued = false
                queueHead += 1
                continue
            }
            let limit = min(workflow.maxParallel ?? .max, RunLimits.unitsInFlight)
            return inFlight < limit || !mayBegin(step) ? number : nil
        }
        queue.removeAll(keepingCapacity: true)
        queueHead = 0
        return nil
    }

    mutating func startUnit(of number: Int, _ now: UInt64, _ directives: inout [RunDirective]) {
        let unit = steps[number].nextUnit
        steps[number].nextUnit += 1
        steps[number].activeUnits += 1
        inFlight += 1
        guard mayBegin(steps[number]) else { return endUnit(unit, .cancelled, now, &directives) }
        units[unit].phase = .evaluating
        evaluate(unit, now, &directives)
    }
}
