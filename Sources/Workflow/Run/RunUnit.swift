/// What runs: a step, or one item of its fan-out.
struct RunUnit: Sendable {
    enum Phase: Sendable, Hashable {
        case queued
        /// Waits for the content of objects.
        case evaluating
        case running
        /// Waits for the time of its next attempt.
        case pausing
        case ended
    }

    struct Item: Sendable {
        var index: Int
        var key: String
        var value: Value
    }

    let step: Int
    let position: String
    let item: Item?
    var phase = Phase.queued
    var status = StepStatus.waiting
    /// The number of the last attempt, over all epochs.
    var attempt = 0
    /// Attempts started in this epoch.
    var spent = 0
    /// Of those, the ones that were lost with whoever ran them.
    var lost = 0
    /// Counted among those that run.
    var isCounted = false
    /// Its process is known to run.
    var hasProcess = false
    var inDoubt = 0
    /// How often the engine ran its call again by itself, over all epochs: its worker had died.
    var systemRetries = 0
    var isReused = false
    /// Succeeded because somebody said so.
    var isAssumed = false
    var isCancelling = false
    var isUndecided = false
    var isTolerated = false
    var rerun: RerunReason?
    /// What it is used again for, while its outputs are brought to where they are wanted.
    var reused: StepRecord?
    var failure: StepFailure?
    /// Of the attempt before, as `attempt.…` shows it.
    var lastFailure: StepFailure?
    var fingerprint = ""
    var outputs: ValueObject?
    var files: [String: String] = [:]
    /// Objects that its call will make or has made.
    var results: [CallResult] = []
    var started: UInt64?
    var ended: UInt64?
    var outside = OutsideMemo()

    /// Attempts of this epoch that count against the budget.
    var charged: Int { spent - lost }

    init(step: Int, position: String, item: Item?) {
        self.step = step
        self.position = position
        self.item = item
    }
}

/// One object that a call gives.
package struct CallResult: Sendable, Hashable {
    /// As declared in Swift.
    package var name: String
    package var ref: ValueRef
    /// The object's lineage: what it is in any epoch.
    package var lineage: String

    package init(name: String, ref: ValueRef, lineage: String) {
        self.name = name
        self.ref = ref
        self.lineage = lineage
    }
}
