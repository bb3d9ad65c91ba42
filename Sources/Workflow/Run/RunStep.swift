/// A step of the workflow within a run.
struct RunStep: Sendable {
    let number: Int
    let spec: StepSpec
    /// Steps that must end before, each once.
    let dependencies: [Int]
    /// Those of `needs` that count for the fingerprint.
    let fingerprinted: [Int]
    /// Its condition names a status function, so it decides by itself what failures mean.
    let decidesItself: Bool
    /// Its condition is asked of each item.
    let hasItemCondition: Bool

    var dependents: [Int] = []
    /// Steps on the longest path from this one to the exit of the graph, itself counted.
    var pathLength: UInt32 = 1
    var openDependencies: Int
    var status = StepStatus.pending
    /// Failed, but counts as if it had not.
    var isTolerated = false
    var failure: StepFailure?

    /// Its items, or itself. Empty until it is expanded.
    var units: Range<Int> = 0..<0
    var isExpanded = false
    /// The next unit that has not been started.
    var nextUnit = 0
    var openUnits = 0
    /// Units that were started and have not ended.
    var activeUnits = 0
    var maxParallel = Int.max
    var isQueued = false

    /// What expressions see of it, once it has ended.
    var value = Value.null
    /// What expressions see of the steps before it, once they have ended.
    var dependencyValues: Value?
    /// Dependents that have not ended: until then its objects are kept.
    var openDependents = 0
    var fingerprint = ""
    /// What expressions of the step itself (not of its items) asked of the world.
    var outside = OutsideMemo()

    init(number: Int, spec: StepSpec, dependencies: [Int], fingerprinted: [Int]) {
        self.number = number
        self.spec = spec
        self.dependencies = dependencies
        self.fingerprinted = fingerprinted
        openDependencies = dependencies.count
        let condition = spec.condition?.template
        decidesItself = condition.map { !$0.functions.isDisjoint(with: Self.statusFunctions) } ?? false
        hasItemCondition = spec.isFanOut && (condition?.references.contains { Self.itemContexts.contains($0.context) } ?? false)
    }

    /// What is evaluated before there are units.
    var planningTemplates: [SourceTemplate] {
        let forEach = spec.forEach
        return (forEach?.items.templates ?? []) + [spec.condition, forEach?.key, forEach?.maxParallel?.template].compactMap { $0 }
    }

    /// Whether the template has a value of its own for each item.
    static func varies(_ template: SourceTemplate) -> Bool { template.references.contains { itemContexts.contains($0.context) } }

    private static let statusFunctions: Set<String> = ["success", "failure", "cancelled", "always"]
    private static let itemContexts: Set<String> = ["item", "item-index", "item-key"]

    /// Whether steps that need it may run.
    var isGood: Bool { status == .succeeded || isTolerated }
}
