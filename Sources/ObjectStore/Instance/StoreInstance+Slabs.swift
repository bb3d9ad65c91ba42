extension StoreInstance {
    /// The slab has pages. Slabs of one plan become free together, so that nobody takes the first before the last is there.
    package mutating func slabReady(_ slab: Int, into directives: inout [StoreDirective]) {
        guard slabs.finishPopulating(slab) else { return }
        finishPlan(into: &directives)
    }

    /// The slab could not be had; requests that do not fit without it fail with `reason`.
    package mutating func slabFailed(_ slab: Int, reason: String, into directives: inout [StoreDirective]) {
        guard slabs.failPopulating(slab, reason: reason) else { return }
        finishPlan(into: &directives)
    }

    /// The slab's pages are gone.
    package mutating func slabReleased(_ slab: Int, into directives: inout [StoreDirective]) {
        guard slabs.finishReleasing(slab) else { return }
        servePending(into: &directives)
    }

    /// Once in a while, from the shell's timer: looks for readers that are done, ends waits that have lasted long enough, and gives
    /// slabs back that have not been needed for ``StoreLimits/idleSlabTicks``. One more stays while objects are created between two ticks.
    package mutating func tick(into directives: inout [StoreDirective]) {
        ticks += 1
        sweep(into: &directives)
        if let spillRefusal, ticks - spillRefusal.tick >= StoreLimits.spillRetryTicks { self.spillRefusal = nil }
        isExhausted = false
        unpark()
        // What was refused may be had now.
        if !pending.isEmpty { servePending(into: &directives) } else { relieve(into: &directives) }
        expirePending(into: &directives)
        let kept = createsSinceTick > 0 ? 1 : 0
        createsSinceTick = 0
        leastFree.append(allocator.takeLeastFree())
        if leastFree.count > StoreLimits.idleSlabTicks { leastFree.removeFirst() }
        guard leastFree.count == StoreLimits.idleSlabTicks, !slabs.isPopulating, pending.isEmpty else { return }
        var idle = (leastFree.min() ?? 0) / allocator.granulesPerSlab - kept
        while idle > 0, let (slab, node) = allocator.idleSlab() {
            allocator.withdraw(slab: slab, from: node)
            slabs.beginReleasing(slab)
            directives.append(.releaseSlab(slab))
            for index in leastFree.indices { leastFree[index] -= allocator.granulesPerSlab }
            idle -= 1
        }
    }

    mutating func begin(_ plan: [Int], into directives: inout [StoreDirective]) {
        slabs.beginPopulating(plan)
        for slab in plan { directives.append(.populateSlab(slab)) }
    }

    /// Keeps a part of a slab free while objects are created, so that the next one rarely waits.
    mutating func keepHeadroom(into directives: inout [StoreDirective]) {
        guard !slabs.isMoving, !slabs.wasRefused else { return }
        guard allocator.freeGranules < allocator.granulesPerSlab / StoreLimits.headroomDivisor else { return }
        guard let plan = allocator.plan(size: allocator.granulesPerSlab / StoreLimits.headroomDivisor, alignment: 1) else { return }
        begin(plan, into: &directives)
    }

    private mutating func finishPlan(into directives: inout [StoreDirective]) {
        guard let outcome = slabs.takeFinishedPlan() else { return }
        for slab in outcome.ready { allocator.populate(slab: slab) }
        if let why = outcome.refusal {
            slabRefusal = (why, ticks)
            if !rules.waits { refusePending(why, into: &directives) }
        }
        servePending(into: &directives)
        if outcome.refusal == nil { keepHeadroom(into: &directives) }
    }

    /// Nothing can move down: who does not fit without the slab fails.
    private mutating func refusePending(_ why: String, into directives: inout [StoreDirective]) {
        let waiting = pending
        pending = []
        for request in waiting {
            let (granules, alignment) = Self.reservation(for: request.size)
            guard objects[request.id] == nil, !allocator.holds(size: granules, alignment: alignment) else {
                pending.append(request)
                continue
            }
            directives.append(.wake(ticket: request.ticket, .full(report(.slabRefused(why), size: request.size))))
        }
    }
}
