import Synchronization

public import RayflowCore

/// What a running body can know about itself: `TaskContext.current`.
public final class TaskContext: Sendable {
    /// In the task of a remote body and its child tasks; nil elsewhere.
    @TaskLocal public static var current: TaskContext?

    /// The function or method, as registered.
    public let name: String
    public let task: TaskID
    /// Counted from 1.
    public let attempt: Int
    public let node: NodeID
    /// What the task occupies, in whole units by name.
    public var resources: [String: Double] { occupied.amounts.mapValues { Double($0) / Double(ResourceSet.unit) } }
    private let occupied: ResourceSet
    /// The numbers of the GPUs that are the task's or its actor's; `CUDA_VISIBLE_DEVICES` of its process names them.
    public let gpus: [Int]
    /// The variables that the task or its actor was given by `options(environment:)`, or has from the task that submitted it. Its process
    /// has the node's besides.
    public let environment: [String: String]

    package let strategy: SchedulingStrategy
    package let cluster: Cluster
    /// The actor in whose call this is.
    package let host: (any ActorHost)?
    /// The engine's own record of the running task: parent of what it submits.
    package let record: (any AnyObject & Sendable)?
    private let exit = Atomic<Bool>(false)
    private let held = Mutex<[RefBox]>([])

    package init(
        name: String, task: TaskID, attempt: Int = 1, node: NodeID, resources: ResourceSet = ResourceSet(), gpus: [Int] = [],
        environment: [String: String] = [:], strategy: SchedulingStrategy = .hybrid, cluster: Cluster, host: (any ActorHost)? = nil,
        record: (any AnyObject & Sendable)? = nil
    ) {
        self.name = name
        self.task = task
        self.attempt = attempt
        self.node = node
        occupied = resources
        self.gpus = gpus
        self.environment = environment
        self.strategy = strategy
        self.cluster = cluster
        self.host = host
        self.record = record
    }

    public var job: JobID { task.job }
    /// The placement group that the task or its actor runs in.
    public var placementGroup: PlacementGroupID? { strategy.group }
    /// The actor in whose call this is.
    public var actor: ActorID? { host?.id }
    /// Whether the task has been cancelled.
    public var isCancelled: Bool { Task.isCancelled }

    /// Ends the actor after the running call; its result is still delivered. Calls that wait fail with `actorDied`, and nothing restarts it.
    /// - Throws: `invalidArgument` outside of an actor.
    public func exitActor() throws(RayflowError) {
        guard host != nil else { throw RayflowError(.invalidArgument, "exitActor: \(name) is no actor's method") }
        exit.store(true, ordering: .relaxed)
    }

    /// Keeps the refs of a result while it travels: nobody else holds them between the end of the body and the reply.
    func hold(_ result: Payload) {
        if result.refs.isEmpty { return }
        held.withLock { held in for id in result.refs { held.append(RefBox(retaining: id, in: cluster)) } }
    }

    /// The results have a hold of their own now.
    package func letGo() {
        let boxes = held.withLock { held in
            defer { held = [] }
            return held
        }
        withExtendedLifetime(boxes) {}
    }

    /// Whether the body asked for the end of its actor.
    package var wantsActorExit: Bool { exit.load(ordering: .relaxed) }
}
