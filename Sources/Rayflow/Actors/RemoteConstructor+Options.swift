public import RayflowCore

extension RemoteConstructor {
    /// The same constructor with other options; what is not given stays as it was.
    ///
    /// - Parameters:
    ///   - cpus: logical CPUs that the actor occupies while it lives, 0 by default, so that idle actors do not hold up tasks.
    ///   - gpus: logical GPUs.
    ///   - memory: for admission only.
    ///   - resources: amounts of resources that nodes declare, by name.
    ///   - name: under which `cluster.actor(_:as:)` finds it.
    ///   - namespace: in which the name is unique; the job's own by default.
    ///   - lifetime: `.detached` outlives its handles and its job; needs a cluster of daemons.
    ///   - getIfExists: with a name that is taken, give the handle of that actor instead of a failure.
    ///   - maxRestarts: how often a crashed actor is made anew, 0 by default; -1: without limit.
    ///   - maxTaskRetries: how often a call that a crash cut off is made again, 0 by default (at most once); -1: without limit.
    ///   - maxPendingCalls: calls beyond so many unfinished ones fail.
    ///   - placement: where it may run.
    ///   - environment: variables for its worker, for its life; as a task's.
    ///   - key: the identity of this creation in a durable run.
    public func options(
        cpus: Double? = nil, gpus: Double? = nil, memory: ByteCount? = nil, resources: [String: Double]? = nil, name: String? = nil,
        namespace: String? = nil, lifetime: ActorLifetime? = nil, getIfExists: Bool? = nil, maxRestarts: Int? = nil,
        maxTaskRetries: Int? = nil, maxPendingCalls: Int? = nil, placement: Placement? = nil, environment: [String: String]? = nil,
        key: String? = nil
    ) -> Self {
        var constructor = self
        if let cpus { constructor.options.cpus = cpus }
        if let gpus { constructor.options.gpus = gpus }
        if let memory { constructor.options.memory = memory }
        if let resources { constructor.options.resources = resources }
        if let name { constructor.options.name = name }
        if let namespace { constructor.options.namespace = namespace }
        if let lifetime { constructor.options.lifetime = lifetime }
        if let getIfExists { constructor.options.getIfExists = getIfExists }
        if let maxRestarts { constructor.options.maxRestarts = maxRestarts }
        if let maxTaskRetries { constructor.options.maxTaskRetries = maxTaskRetries }
        if let maxPendingCalls { constructor.options.maxPendingCalls = maxPendingCalls }
        if let placement { constructor.options.placement = placement }
        if let environment { constructor.options.environment = environment }
        if let key { constructor.options.key = key }
        return constructor
    }
}

// Calls side by side only where the compiler has checked the type.
extension RemoteConstructor where Host: Sendable {
    /// - Parameters:
    ///   - maxConcurrency: calls of no group that may run at once, 1 by default. A Swift actor interleaves them at `await`; a `Sendable` class
    ///     runs them in parallel threads. Calls start in the order of each caller and group.
    ///   - groups: concurrency groups, each with the number of its calls that may run at once, beside those of the others; see
    ///     ``RemoteMethod/grouped(_:)``.
    public func options(
        cpus: Double? = nil, gpus: Double? = nil, memory: ByteCount? = nil, resources: [String: Double]? = nil, name: String? = nil,
        namespace: String? = nil, lifetime: ActorLifetime? = nil, getIfExists: Bool? = nil, maxRestarts: Int? = nil,
        maxTaskRetries: Int? = nil, maxConcurrency: Int, groups: [String: Int]? = nil, maxPendingCalls: Int? = nil,
        placement: Placement? = nil, environment: [String: String]? = nil, key: String? = nil
    ) -> Self {
        var constructor = options(
            cpus: cpus, gpus: gpus, memory: memory, resources: resources, name: name, namespace: namespace, lifetime: lifetime,
            getIfExists: getIfExists, maxRestarts: maxRestarts, maxTaskRetries: maxTaskRetries, maxPendingCalls: maxPendingCalls,
            placement: placement, environment: environment, key: key)
        constructor.options.maxConcurrency = maxConcurrency
        if let groups { constructor.options.groups = groups }
        return constructor
    }

    /// With concurrency groups, and one call of no group at a time.
    public func options(groups: [String: Int], maxConcurrency: Int = 1) -> Self { options(maxConcurrency: maxConcurrency, groups: groups) }
}
