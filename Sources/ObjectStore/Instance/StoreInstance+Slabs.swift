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

    /// Once in a while, from the shell's timer: looks for readers that are done and gives idle slabs back. One slab of headroom stays
    /// while objects are created between two ticks.
    package mutating func tick(into directives: inout [StoreDirective]) {
        sweep(into: &directives)
        let kept = createsSinceTick > 0 ? 1 : 0
        createsSinceTick = 0
        guard !slabs.isPopulating, pending.isEmpty else { return }
        while allocator.freeGranules >= (kept + 1) * allocator.granulesPerSlab, let idle = allocator.idleSlab() {
            allocator.withdraw(slab: idle.slab, from: idle.node)
            slabs.beginReleasing(idle.slab)
            directives.append(.releaseSlab(idle.slab))
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
        servePending(refused: outcome.refusal, into: &directives)
        if outcome.refusal == nil { keepHeadroom(into: &directives) }
    }

    /// Answers those who waited, oldest first. Who does not fit waits for a plan of its own, or fails when the last one was refused.
    mutating func servePending(refused: String? = nil, into directives: inout [StoreDirective]) {
        guard !pending.isEmpty else { return }
        let waiting = pending
        pending = []
        for request in waiting {
            if let refused, objects[request.id] == nil, !fits(request.size) {
                directives.append(.wake(ticket: request.ticket, .full(report(.slabRefused(refused), size: request.size))))
                continue
            }
            let result = attempt(request.id, size: request.size, client: request.client, into: &directives)
            if case .pending = result {
                pending.append(request)
            } else {
                directives.append(.wake(ticket: request.ticket, result))
            }
        }
    }

    private mutating func fits(_ size: Int) -> Bool {
        let (granules, alignment) = Self.reservation(for: size)
        return allocator.holds(size: granules, alignment: alignment)
    }
}
