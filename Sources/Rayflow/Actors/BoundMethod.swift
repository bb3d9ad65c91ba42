import RayflowCore

/// A method of one actor. Calls from one task to one actor run in the order in which they were made.
public struct BoundMethod<Host: RemoteActor, each Parameter: RemoteValue, Output: RemoteOutput>: Sendable {
    let handle: ActorHandle<Host>
    let method: RemoteMethod<Host, repeat each Parameter, Output>
    var options = CallOptions()

    init(handle: ActorHandle<Host>, method: RemoteMethod<Host, repeat each Parameter, Output>) {
        self.handle = handle
        self.method = method
    }

    /// Calls the method with values only. Returns at once and never throws; whatever fails, the refs fail.
    @discardableResult
    public func remote(_ arguments: repeat each Parameter) -> Output.Refs {
        let refs = call {
            var encoded: [Argument] = []
            for argument in repeat each arguments { encoded.append(try encodedValue(argument)) }
            return encoded
        }
        withExtendedLifetime((repeat each arguments)) {}
        return refs
    }

    /// Calls the method with refs among values.
    @_disfavoredOverload @discardableResult
    public func remote<each Given: RemoteArgument>(_ arguments: repeat each Given) -> Output.Refs
    where repeat (each Given).Resolved == each Parameter {
        let refs = call {
            var encoded: [Argument] = []
            for argument in repeat each arguments { encoded.append(try argument._argument().argument) }
            return encoded
        }
        withExtendedLifetime((repeat each arguments)) {}
        return refs
    }

    private func call(_ encode: () throws -> [Argument]) -> Output.Refs {
        let cluster = handle.box.cluster
        let arguments = RayflowError.result { try encode() }
        let ids = cluster.call(Host.self, handle.id, method.declaration, arguments, max(Output._arity, 1), options)
        withExtendedLifetime(handle.box) {}
        return Output._refs(Submitted(cluster: cluster, ids: ids))
    }

    /// The same method with other options; what is not given stays as it was.
    ///
    /// - Parameters:
    ///   - timeout: for the call, once it has started. When it is over the ref fails with `taskTimeout` and the body's `Task` is cancelled; a
    ///     body that does not heed that keeps its place until it ends.
    ///   - maxTaskRetries: how often the call is made again when a crash cut it off; as the actor says by default. 0: at most once; -1: until
    ///     it has succeeded or the actor is dead.
    ///   - retryErrors: errors of the body for which the call is made again, within `maxTaskRetries`. Such a call leaves the order: later calls
    ///     do not wait for it.
    public func options(timeout: Duration? = nil, maxTaskRetries: Int? = nil, retryErrors: RetryErrors? = nil) -> Self {
        var method = self
        if let timeout { method.options.timeout = timeout }
        if let maxTaskRetries { method.options.maxTaskRetries = maxTaskRetries }
        if let retryErrors { method.options.retryErrors = retryErrors }
        return method
    }
}

extension BoundMethod where Host: Sendable {
    /// The same method in another concurrency group for these calls.
    /// - Parameter group: one that the actor was made with, else the calls fail with `invalidArgument`; empty for the default group.
    public func options(
        timeout: Duration? = nil, maxTaskRetries: Int? = nil, retryErrors: RetryErrors? = nil, group: String
    ) -> Self {
        var method = options(timeout: timeout, maxTaskRetries: maxTaskRetries, retryErrors: retryErrors)
        method.options.group = group
        return method
    }
}
