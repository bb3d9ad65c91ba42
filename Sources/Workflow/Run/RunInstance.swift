internal import RayflowCore

/// A workflow's run as a pure value: what has happened goes in, what is to be done comes out.
///
/// It plans steps, decides what runs again after a crash, and gives each step the end that the language says. It performs no IO and reads
/// no clock: `now` is the wall clock in nanoseconds, and questions about files and the environment go to ``OutsideFacts``. Every call
/// leaves it settled: nothing that could start is left waiting, and each unit ends exactly once.
package struct RunInstance: Sendable {
    /// How much may still begin. Only ever gets narrower.
    enum Gate: Int, Sendable, Comparable {
        case open
        /// A step failed: what runs goes on, nothing begins but what decides about failures itself.
        case draining
        /// A step failed: what runs is stopped.
        case cancelling
        /// The run itself is stopped.
        case stopped

        static func < (a: Gate, b: Gate) -> Bool { a.rawValue < b.rawValue }
    }

    /// What has to be looked at again.
    enum Work: Sendable, Hashable {
        case ready(step: Int)
        case evaluate(unit: Int)
        case conclude(unit: Int)
        case collect(unit: Int)
        case outputs
    }

    package let workflow: WorkflowFile
    let options: RunOptions
    let history: RunHistory
    let facts: any OutsideFacts

    var steps: [RunStep] = []
    var units: [RunUnit] = []
    var openSteps = 0
    var failedSteps: [String] = []
    var counts = RunCounts()
    var gate = Gate.open
    var stopResult: EndRecord.Result?
    var faultMessage: String?

    var work: [Work] = []
    var workHead = 0
    /// Steps with units that could start.
    var queue: [Int] = []
    var queueHead = 0
    var inFlight = 0

    /// Content of objects, for as long as somebody may ask for it.
    var contents: [ValueRef: Value] = [:]
    /// What an object is, for fingerprints.
    var refDigests: [ValueRef: String] = [:]
    var requested: Set<ValueRef> = []
    var waiters: [ValueRef: Set<Work>] = [:]
    /// How many steps' outputs hold an object.
    var holders: [ValueRef: Int] = [:]
    /// Steps that the workflow's outputs mention.
    var keptSteps: Set<Int> = []
    /// Of files that steps have made, as they were then.
    var fileIdentities: [String: String] = [:]
    var createdActors: Set<String> = []

    let inputs: Value
    let runValue: Value
    package private(set) var isEnded = false
    var outputsMemo = OutsideMemo()

    package init(_ workflow: WorkflowFile, options: RunOptions, history: RunHistory = RunHistory(), facts: any OutsideFacts) {
        self.workflow = workflow
        self.options = options
        self.history = history
        self.facts = facts
        inputs = .object(
            ValueObject(
                options.inputs.map { member in
                    (member.key, OutputParsing.restored(member.value, workflow.input(member.key)?.type ?? .json))
                }))
        runValue = [
            "id": .string(options.runID), "name": .string(workflow.name), "seed": .number(Double(options.seed >> 11)),
            "started-at": .string(WallClock.text(options.startedWallNS)), "attempt": .number(Double(options.epoch)),
        ]
        makeSteps()
    }

    private mutating func makeSteps() {
        let actors = Dictionary(workflow.actors.map { ($0.id, $0.dependencies) }, uniquingKeysWith: { first, _ in first })
        for (number, spec) in workflow.steps.enumerated() {
            var names = spec.dependencies
            if case .actor(let id, _) = spec.kind { names += actors[id] ?? [] }
            var seen: Set<Int> = [number]
            let dependencies = names.compactMap { workflow.stepNumber($0) }.filter { seen.insert($0).inserted }
            let fingerprinted = spec.needs.filter { !$0.isOrderOnly }.compactMap { workflow.stepNumber($0.step) }
            steps.append(RunStep(number: number, spec: spec, dependencies: dependencies, fingerprinted: fingerprinted))
        }
        for step in steps {
            for dependency in step.dependencies {
                steps[dependency].dependents.append(step.number)
                steps[dependency].openDependents += 1
            }
        }
        measurePaths()
        openSteps = steps.count
        counts.total = steps.count
        for output in workflow.outputs {
            for reference in output.value.templates.flatMap(\.references) where reference.context == "steps" {
                if let step = reference.path.first.flatMap({ workflow.stepNumber($0) }) { keptSteps.insert(step) }
            }
        }
    }

    /// From the exits of the graph backwards: a step is measured when all its dependents are.
    private mutating func measurePaths() {
        var unmeasured = steps.map(\.dependents.count)
        var measured = steps.indices.filter { unmeasured[$0] == 0 }
        while let number = measured.popLast() {
            for dependency in steps[number].dependencies {
                steps[dependency].pathLength = max(steps[dependency].pathLength, steps[number].pathLength + 1)
                unmeasured[dependency] -= 1
                if unmeasured[dependency] == 0 { measured.append(dependency) }
            }
        }
    }

    /// Begins. Called once, before everything else.
    package mutating func start(now: UInt64, into directives: inout [RunDirective]) {
        if let timeout = workflow.timeout {
            directives.append(.startTimer(.run, afterNanoseconds: UInt64(max(timeout / .nanoseconds(1), 0))))
        }
        for step in steps where step.openDependencies == 0 { work.append(.ready(step: step.number)) }
        settle(now, &directives)
    }

    /// Stops the run: what runs is cancelled, nothing begins any more.
    package mutating func cancel(now: UInt64, into directives: inout [RunDirective]) {
        stop(.cancelled, now, &directives)
        settle(now, &directives)
    }

    /// The engine or the journal cannot go on: as ``cancel(now:into:)``, with this as the result.
    package mutating func onFault(_ message: String, now: UInt64, into directives: inout [RunDirective]) {
        faultMessage = faultMessage ?? message
        stop(.fault, now, &directives)
        settle(now, &directives)
    }

    package mutating func onTimer(_ timer: RunTimer, now: UInt64, into directives: inout [RunDirective]) {
        switch timer {
        case .run: stop(.timedOut, now, &directives)
        case .retry(let unit, let attempt):
            guard units[unit].phase == .pausing, units[unit].attempt == attempt else { return }
            units[unit].phase = .evaluating
            work.append(.evaluate(unit: unit))
        }
        settle(now, &directives)
    }

    /// Looks at everything that may have changed, until nothing is left to do.
    mutating func settle(_ now: UInt64, _ directives: inout [RunDirective]) {
        while true {
            if workHead < work.count {
                let next = work[workHead]
                workHead += 1
                perform(next, now, &directives)
            } else if let step = nextStep() {
                startUnit(of: step, now, &directives)
            } else {
                break
            }
        }
        work.removeAll(keepingCapacity: true)
        workHead = 0
    }

    private mutating func perform(_ next: Work, _ now: UInt64, _ directives: inout [RunDirective]) {
        switch next {
        case .ready(let step): becomeReady(step, now, &directives)
        case .evaluate(let unit): evaluate(unit, now, &directives)
        case .conclude(let unit): conclude(unit, now, &directives)
        case .collect(let unit): collect(unit, now, &directives)
        case .outputs: finish(now, &directives)
        }
    }

    mutating func end(_ outcome: RunOutcome, _ directives: inout [RunDirective]) {
        isEnded = true
        directives.append(.ended(outcome))
    }
}
