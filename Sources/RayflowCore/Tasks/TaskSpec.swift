/// Where a ref that travels inside a value comes from.
public struct RefOrigin: Hashable, Sendable, BitwiseCopyable {
    public var owner: Address
    /// What the object is in any execution; none in runs that are not durable.
    public var lineage: LineageID
    public init(owner: Address, lineage: LineageID) {
        self.owner = owner
        self.lineage = lineage
    }
}

/// A payload with the origins of the refs nested in it, parallel to `payload.refs`.
public struct EnclosedPayload: Hashable, Sendable {
    public var payload: Payload
    public var origins: [RefOrigin]
    public init(_ payload: Payload, origins: [RefOrigin] = []) {
        self.payload = payload
        self.origins = origins
    }
}

/// An argument as it travels. Large values are refs; a top-level ref is a dependency; a nested ref is borrowed.
public indirect enum TaskArgument: Hashable, Sendable {
    case value(EnclosedPayload)
    case ref(ObjectID, owner: Address)
    /// A list made of refs and values: awaited element by element, received as one array.
    case gather([TaskArgument])
}

/// Which function a task runs: an index into the function table on the wire, the name in errors, logs and the journal.
public struct FunctionReference: Hashable, Sendable {
    public var index: UInt32
    public var name: String
    public var version: UInt32
    public init(index: UInt32, name: String, version: UInt32 = 1) {
        self.index = index
        self.name = name
        self.version = version
    }
}

public enum TaskKind: UInt8, Sendable {
    case function = 0
    case actorCreation = 1
    case actorCall = 2
    /// A shell step: executed by the node's step runner.
    case step = 3
}

/// Everything that an executor has to know about one attempt of a task.
public struct TaskSpec: Hashable, Sendable {
    public var id: TaskID
    public var attempt: Attempt
    public var lineage: LineageID
    public var kind: TaskKind
    public var function: FunctionReference
    public var owner: Address
    public var arguments: [TaskArgument]
    public var resultCount: UInt32
    /// The options, one object for all tasks that were submitted with the same ones.
    public var sharedOptions: SharedOptions
    /// Functions: position in the order of what their owner pushes, from 1. Actor calls: position in the order of (caller, actor incarnation,
    /// group), or ``unordered``. Creations: how many calls the actor runs at a time.
    public var sequence: UInt64

    /// A call that is made again: it has no place in the order.
    public static let unordered = UInt64.max

    public init(
        id: TaskID, attempt: Attempt, lineage: LineageID, kind: TaskKind, function: FunctionReference, owner: Address,
        arguments: [TaskArgument], resultCount: UInt32, options: SpecOptions, sequence: UInt64 = 0
    ) {
        self.init(
            id: id, attempt: attempt, lineage: lineage, kind: kind, function: function, owner: owner, arguments: arguments,
            resultCount: resultCount, options: SharedOptions(options), sequence: sequence)
    }

    public init(
        id: TaskID, attempt: Attempt, lineage: LineageID, kind: TaskKind, function: FunctionReference, owner: Address,
        arguments: [TaskArgument], resultCount: UInt32, options: SharedOptions = .standard, sequence: UInt64 = 0
    ) {
        self.id = id
        self.attempt = attempt
        self.lineage = lineage
        self.kind = kind
        self.function = function
        self.owner = owner
        self.arguments = arguments
        self.resultCount = resultCount
        sharedOptions = options
        self.sequence = sequence
    }

    /// Setting them makes an object of this task's own.
    public var options: SpecOptions {
        // Yielded, not copied: a copy would count up each field.
        _read { yield sharedOptions.value }
        _modify {
            var value = sharedOptions.value
            yield &value
            sharedOptions = SharedOptions(value)
        }
    }

    /// For status, errors and the journal.
    public var shownName: String { options.name.isEmpty ? function.name : options.name }

    public func result(_ index: Int) -> ObjectID { ObjectID(task: id, index: UInt32(index + 1)) }
    public var results: [ObjectID] { (0..<Int(resultCount)).map(result) }
}

/// Which errors of the body itself use up retries.
public enum RetryRule: Hashable, Sendable {
    case systemFailuresOnly
    case anyError
    /// Type tags of the errors concerned.
    case types([String])
}

/// The options of a submission that travel with the task.
public struct SpecOptions: Hashable, Sendable {
    public var resources = ResourceSet()
    /// System failures (and, by `retryRule`, errors of the body) that are retried. -1: without limit. Actor calls: ``asActor`` as well.
    public var maxRetries: Int32 = 3
    public var retryRule = RetryRule.systemFailuresOnly
    /// Milliseconds for one attempt; 0: none.
    public var timeoutMS: UInt64 = 0
    public var priority: Int32 = 0
    /// Shown in status and errors instead of the function's name.
    public var name = ""
    public var environment = RuntimeEnvironment.none
    /// Steps: the attempt has effects outside, so its start is journaled before it is made.
    public var hasSideEffects = false
    /// Creations: the actor's concurrency groups. Calls: the one that the call belongs to; without one it is the default group.
    public var groups: [CallGroup] = []
    /// Above 0, the task is a stream: how many items it may be ahead of its consumer. Its one result is the number of items.
    public var streamWindow: UInt32 = 0
    /// The elements of the result, an array, become objects of their own.
    public var isSpread = false
    public var strategy = SchedulingStrategy.hybrid
    public init() {}

    /// Retries of an actor's call: as many as the actor's ``ActorSpecOptions/maxTaskRetries``.
    public static let asActor = Int32.min
}

/// Calls of an actor that run beside those of its other groups.
public struct CallGroup: Hashable, Sendable {
    public var name: String
    /// Calls that run at a time; meaningless in a call.
    public var limit: UInt32
    public init(name: String, limit: UInt32 = 0) {
        self.name = name
        self.limit = limit
    }
}

/// How an actor is made and kept.
public struct ActorSpecOptions: Hashable, Sendable {
    public var name = ""
    public var namespace = ""
    public var typeName = ""
    /// -1: without limit.
    public var maxRestarts: Int32 = 0
    public var maxTaskRetries: Int32 = 0
    public var maxConcurrency: UInt32 = 1
    public var getIfExists = false
    /// Calls of one caller that may be unfinished at a time. -1: the engine's own limit.
    public var maxPendingCalls: Int32 = -1
    /// Outlives the process and the job that made it.
    public var isDetached = false
    public init() {}
}
