/// One record of a run's journal. Records stand in causal order: an outcome behind the outcomes that it was made from, a parent's end
/// behind its children's.
public enum RunRecord: Sendable {
    /// Opens the run, and again each later epoch.
    case header(RunHeader)
    case submitted(SubmittedRecord)
    /// An attempt with effects outside starts. Committed before it is made: without a later outcome or an exit file it is in doubt.
    case started(lineage: LineageID, attempt: Attempt, wallNS: UInt64)
    case finished(FinishedRecord)
    case failed(lineage: LineageID, attempt: Attempt, error: ErrorRecord, wallNS: UInt64)
    /// What `wait`, a time-out, a recorded step … answered: given again on resume.
    case decision(DecisionRecord)
    case actorCreated(lineage: LineageID, actor: ActorID, typeName: String, name: String)
    /// A call of an actor, in the order executed.
    case actorCall(actor: LineageID, call: LoggedCall)
    /// What the planner of a workflow has to remember of a step, as JSON text: skipped, retried, in doubt, re-run and why.
    case step(position: String, json: String, wallNS: UInt64)
    case end(EndRecord)
}

public struct RunHeader: Hashable, Sendable {
    public var runID: String
    public var epoch: UInt32
    public var arguments: [String]
    public var workingFolder: String
    /// The workflow file's absolute path, or empty for a Swift driver.
    public var workflowPath: String
    public var workflowName: String
    /// The workflow file's text as it was when this epoch began.
    public var workflowText: String
    /// Inputs as a JSON object.
    public var inputs: String
    public var startedWallNS: UInt64
    public var seed: UInt64

    public init(
        runID: String, epoch: UInt32, arguments: [String], workingFolder: String, workflowPath: String = "", workflowName: String = "",
        workflowText: String = "", inputs: String = "{}", startedWallNS: UInt64, seed: UInt64
    ) {
        self.runID = runID
        self.epoch = epoch
        self.arguments = arguments
        self.workingFolder = workingFolder
        self.workflowPath = workflowPath
        self.workflowName = workflowName
        self.workflowText = workflowText
        self.inputs = inputs
        self.startedWallNS = startedWallNS
        self.seed = seed
    }
}

public struct SubmittedRecord: Hashable, Sendable {
    public var lineage: LineageID
    public var parent: LineageID
    public var kind: TaskKind
    /// The registered function, or the step's position and attempt.
    public var name: String
    public var wallNS: UInt64
    public init(lineage: LineageID, parent: LineageID, kind: TaskKind, name: String, wallNS: UInt64) {
        self.lineage = lineage
        self.parent = parent
        self.kind = kind
        self.name = name
        self.wallNS = wallNS
    }
}

public struct FinishedRecord: Sendable {
    public var lineage: LineageID
    public var attempt: Attempt
    public var function: FunctionReference
    /// What must be equal for the outcome to be used again; empty where the lineage says it all.
    public var fingerprint: [UInt8]
    public var results: [RecordedState]
    public var moved: [RecordedObject]
    public var executionNS: UInt64
    public var wallNS: UInt64
    public init(
        lineage: LineageID, attempt: Attempt, function: FunctionReference, fingerprint: [UInt8], results: [RecordedState],
        moved: [RecordedObject], executionNS: UInt64, wallNS: UInt64
    ) {
        self.lineage = lineage
        self.attempt = attempt
        self.function = function
        self.fingerprint = fingerprint
        self.results = results
        self.moved = moved
        self.executionNS = executionNS
        self.wallNS = wallNS
    }
}

/// A result as the journal keeps it.
public enum RecordedState: Hashable, Sendable {
    case inline(Payload)
    /// A file of the run folder that holds the object as it lay in shared memory; `digest` is of its bytes.
    case persisted(file: String, size: UInt64, digest: Digest128, refs: [ObjectID])
}

/// An object that moved with a result, under the execution id by which the result refers to it.
public struct RecordedObject: Hashable, Sendable {
    public var id: ObjectID
    public var lineage: LineageID
    public var state: RecordedState
    public init(id: ObjectID, lineage: LineageID, state: RecordedState) {
        self.id = id
        self.lineage = lineage
        self.state = state
    }
}

public struct DecisionRecord: Hashable, Sendable {
    public enum Kind: UInt8, Sendable { case wait = 0, getTimeout = 1, isCancelled = 2, step = 3 }
    public var parent: LineageID
    public var kind: Kind
    /// Digest of what was asked: the lineages of the refs, or the name.
    public var question: Digest128
    /// Among equal questions of this parent.
    public var ordinal: UInt32
    /// `wait`: lineages of the ready refs, in order; `step`: the value's payload.
    public var answer: [UInt8]
    public init(parent: LineageID, kind: Kind, question: Digest128, ordinal: UInt32, answer: [UInt8]) {
        self.parent = parent
        self.kind = kind
        self.question = question
        self.ordinal = ordinal
        self.answer = answer
    }
}

public struct EndRecord: Hashable, Sendable {
    public enum Result: UInt8, Sendable { case success = 0, failure = 1, cancelled = 2, timedOut = 3, fault = 4 }
    public var result: Result
    public var exitCode: UInt8
    /// The workflow's outputs as a JSON object.
    public var outputs: String
    public var message: String
    public var wallNS: UInt64
    public init(result: Result, exitCode: UInt8, outputs: String, message: String, wallNS: UInt64) {
        self.result = result
        self.exitCode = exitCode
        self.outputs = outputs
        self.message = message
        self.wallNS = wallNS
    }
}
