public import RayflowCore

extension RemoteFunction {
    /// The same function with other options; what is not given stays as it was.
    ///
    /// - Parameters:
    ///   - cpus: logical CPUs, 1 by default; fractions to 1/10000. They are for admission, not a limit.
    ///   - gpus: logical GPUs.
    ///   - memory: for admission, as `cpus`.
    ///   - resources: amounts of resources that nodes declare, by name.
    ///   - maxRetries: how often a crash of the worker (and what `retryErrors` names) is tried again, 3 by default; -1: without limit.
    ///   - retryErrors: which errors of the body are tried again; none by default.
    ///   - timeout: for one attempt; the body is cancelled and the attempt fails with `taskTimeout`.
    ///   - priority: among waiting tasks, 0 by default; higher goes first.
    ///   - name: shown in status, logs and errors instead of the function's.
    ///   - placement: where it may run.
    ///   - environment: variables for the worker, besides the driver's or instead of them; what the task submits has them too, below its own.
    ///     Tasks with different ones do not share workers. Names of the engine's own (`RAYFLOW_…`) and what no process can have fail with
    ///     `runtimeEnvSetup`, and so does any where workers live inside the driver.
    ///   - persist: whether a durable run keeps the result on disk.
    ///   - key: the identity of this submission in a durable run, unique in the running task; needed where equal submissions are not
    ///     interchangeable.
    public func options(
        cpus: Double? = nil, gpus: Double? = nil, memory: ByteCount? = nil, resources: [String: Double]? = nil, maxRetries: Int? = nil,
        retryErrors: RetryErrors? = nil, timeout: Duration? = nil, priority: Int? = nil, name: String? = nil, placement: Placement? = nil,
        environment: [String: String]? = nil, persist: Persist? = nil, key: String? = nil
    ) -> Self {
        var function = self
        if let cpus { function.taskOptions.cpus = cpus }
        if let gpus { function.taskOptions.gpus = gpus }
        if let memory { function.taskOptions.memory = memory }
        if let resources { function.taskOptions.resources = resources }
        if let maxRetries { function.taskOptions.maxRetries = maxRetries }
        if let retryErrors { function.taskOptions.retryErrors = retryErrors }
        if let timeout { function.taskOptions.timeout = timeout }
        if let priority { function.taskOptions.priority = priority }
        if let name { function.taskOptions.name = name }
        if let placement { function.taskOptions.placement = placement }
        if let environment { function.taskOptions.environment = environment }
        if let persist { function.taskOptions.persist = persist }
        if let key { function.taskOptions.key = key }
        return function
    }
}
