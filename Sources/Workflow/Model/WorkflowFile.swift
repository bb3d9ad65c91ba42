/// A workflow as its file declares it, checked.
package struct WorkflowFile: Sendable {
    package enum FailurePolicy: String, CaseIterable, Hashable, Sendable {
        case drain, cancel
        case goOn = "continue"
    }

    /// For the places of faults that only a run finds.
    package var source: SourceText
    package var name: String
    package var description: String?
    package var app: AppSpec?
    package var inputs: [InputSpec] = [] { didSet { inputIndex = NameIndex(inputs.lazy.map(\.name)) } }
    package var outputs: [TemplateMember] = []
    /// Already part of the environment of every step.
    package var env: [EnvironmentSpec] = []
    package var actors: [ActorSpec] = []
    package private(set) var steps: [StepSpec] = []
    package var labels: [(name: String, value: String)] = []
    package var failurePolicy = FailurePolicy.drain
    package var timeout: Duration?
    /// Steps that run at once; nil: as many as resources allow.
    package var maxParallel: Int?

    private var stepIndex = NameIndex()
    private var inputIndex = NameIndex()

    init(source: SourceText, name: String) {
        self.source = source
        self.name = name
    }

    mutating func set(steps: [StepSpec]) {
        self.steps = steps
        stepIndex = NameIndex(steps.lazy.map(\.id))
    }

    func stepNumber(_ id: String) -> Int? { stepIndex.find(id) }
    func stepNumber(exactly id: String) -> Int? { stepIndex.findExactly(id) }

    /// The step of that id. Expressions do not tell upper from lower case, so when none has exactly that id, the first
    /// of its letters is meant.
    package func step(_ id: String) -> StepSpec? { stepIndex.find(id).map { steps[$0] } }
    package func input(_ name: String) -> InputSpec? { inputIndex.find(name).map { inputs[$0] } }
    package func actor(_ id: String) -> ActorSpec? { actors.first { $0.id == id } }
}

/// The program that holds the functions and actor types that the workflow calls.
package enum AppSpec: Hashable, Sendable {
    /// An executable, relative to the workflow file's folder.
    case path(String)
    /// A product of a Swift package, whose folder is relative to the workflow file's.
    case package(path: String, product: String)
}
