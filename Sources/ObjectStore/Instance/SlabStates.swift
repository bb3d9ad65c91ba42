/// Which slabs have pages, and the one plan that is on its way.
struct SlabStates {
    private enum State { case absent, populating, arrived, ready, releasing }

    struct Outcome {
        var ready: [Int]
        /// Why at least one slab of the plan could not be had.
        var refusal: String?
    }

    private var states: [State]
    private var plan: [Int] = []
    private var refusal: String?
    private var releasing = 0
    private(set) var readyCount = 0
    /// The last plan was refused, so growing ahead of need is not tried again until a needed slab was had.
    private(set) var wasRefused = false

    init(count: Int) { states = [State](repeating: .absent, count: count) }

    var isPopulating: Bool { !plan.isEmpty }
    var isMoving: Bool { isPopulating || releasing > 0 }

    mutating func beginPopulating(_ slabs: [Int]) {
        precondition(plan.isEmpty && !slabs.isEmpty, "plan \(slabs) while \(plan) is under way")
        plan = slabs
        for slab in slabs { states[slab] = .populating }
    }

    mutating func finishPopulating(_ slab: Int) -> Bool {
        guard states.indices.contains(slab), states[slab] == .populating else { return false }
        states[slab] = .arrived
        return true
    }

    mutating func failPopulating(_ slab: Int, reason: String) -> Bool {
        guard states.indices.contains(slab), states[slab] == .populating else { return false }
        states[slab] = .absent
        refusal = refusal ?? reason
        return true
    }

    mutating func takeFinishedPlan() -> Outcome? {
        guard !plan.contains(where: { states[$0] == .populating }) else { return nil }
        let arrived = plan.filter { states[$0] == .arrived }
        for slab in arrived { states[slab] = .ready }
        readyCount += arrived.count
        let outcome = Outcome(ready: arrived, refusal: refusal)
        wasRefused = refusal != nil
        plan = []
        refusal = nil
        return outcome
    }

    mutating func beginReleasing(_ slab: Int) {
        precondition(states[slab] == .ready, "slab \(slab) is \(states[slab])")
        states[slab] = .releasing
        releasing += 1
        readyCount -= 1
    }

    mutating func finishReleasing(_ slab: Int) -> Bool {
        guard states.indices.contains(slab), states[slab] == .releasing else { return false }
        states[slab] = .absent
        releasing -= 1
        return true
    }
}
