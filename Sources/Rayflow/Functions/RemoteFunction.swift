import RayflowCore

/// A function that runs in a worker: declared once as a `static let`, listed in the ``Registry``, called with `remote`.
///
/// The string is a Swift signature: name, labels, result names (`"divmod(n:by:) -> (q, r)"`); the name alone is enough when nothing calls it by
/// name. A body sees the globals of its own process, never the caller's state. It may return a `RemoteValue`, nothing (``Done``), an unlabelled
/// tuple of 2 to 6, or an ``ObjectRef``, whose object becomes the result.
public struct RemoteFunction<each Parameter: RemoteValue, Output: RemoteOutput>: AnyRemoteFunction {
    let declaration: Declaration
    let body: @Sendable (repeat each Parameter) async throws -> ResultPayload
    package internal(set) var taskOptions = TaskOptions()
    var cluster: Cluster?

    init(_ declaration: Declaration, _ body: @escaping @Sendable (repeat each Parameter) async throws -> ResultPayload) {
        self.declaration = declaration
        self.body = body
    }

    public var name: String { declaration.name }

    /// Calls the function with values only: literals, `nil`, `[]` and implicit members take the parameters' types.
    ///
    /// Returns at once and never throws; whatever fails, the refs fail. The result may be dropped.
    @discardableResult
    public func remote(_ arguments: repeat each Parameter) -> Output.Refs {
        let refs = submit {
            var encoded: [Argument] = []
            for argument in repeat each arguments { encoded.append(try encodedValue(argument)) }
            return encoded
        }
        withExtendedLifetime((repeat each arguments)) {}
        return refs
    }

    /// Calls the function with refs among the values: a ref to what a parameter takes is a dependency.
    @_disfavoredOverload @discardableResult
    public func remote<each Given: RemoteArgument>(_ arguments: repeat each Given) -> Output.Refs
    where repeat (each Given).Resolved == each Parameter {
        let refs = submit {
            var encoded: [Argument] = []
            for argument in repeat each arguments { encoded.append(try argument._argument().argument) }
            return encoded
        }
        withExtendedLifetime((repeat each arguments)) {}
        return refs
    }

    private func submit(_ encode: () throws -> [Argument]) -> Output.Refs {
        let cluster = Cluster.target(cluster)
        let arguments = RayflowError.result { try encode() }
        return Output._refs(Submitted(cluster: cluster, ids: cluster.submit(declaration, arguments, max(Output._arity, 1), taskOptions)))
    }

    /// The same function on this cluster, whatever else could be meant.
    public func on(_ cluster: Cluster) -> Self {
        var function = self
        function.cluster = cluster
        return function
    }

    func invoke(_ call: Call) async throws -> ResultPayload { try await body(repeat try call.next((each Parameter).self)) }

    func encode(named values: [String: NamedValue]) throws -> [Argument] {
        var named = NamedArguments(declaration.signature, values)
        var encoded: [Argument] = []
        for type in repeat (each Parameter).self { encoded.append(try named.next(type)) }
        try named.finish()
        return encoded
    }

    public var _entry: FunctionEntry {
        var parameters: [ValueCodec] = []
        for type in repeat (each Parameter).self { parameters.append(ValueCodec(type)) }
        return FunctionEntry(
            declaration: declaration, parameters: parameters, results: Output._codecs, resultArity: Output._arity,
            invoke: { call in try await self.invoke(call) }, encode: { values in try self.encode(named: values) })
    }
}

extension RemoteFunction {
    /// Runs the body here, its arguments and result through the codec, without a cluster: for unit tests.
    public func local<Result>(_ arguments: repeat each Parameter) async throws -> Result where Output == Single<Result> {
        var encoded: [ResolvedArgument] = []
        for argument in repeat each arguments { encoded.append(.payload(try Payload(encoding: argument))) }
        guard case .values(let values) = try await invoke(Call(arguments: encoded, cluster: nil)), let value = values.first else {
            throw RayflowError(.invalidArgument, "\(name) hands over another task's result, which has no value here")
        }
        return try value.decode(Result.self, in: nil)
    }
}

func encodedValue<T: RemoteValue>(_ value: T) throws -> Argument { .value(try Payload(encoding: value)) }

func encodedResults<each R: RemoteValue>(_ results: (repeat each R)) throws -> ResultPayload {
    var payloads: [Payload] = []
    for result in repeat each results {
        let payload = try Payload(encoding: result)
        TaskContext.current?.hold(payload)
        payloads.append(payload)
    }
    return .values(payloads)
}

extension RayflowError {
    /// What encoding gave, any error as one of the engine's.
    static func result<T>(_ body: () throws -> T) -> Result<T, RayflowError> {
        do { return .success(try body()) } catch let error as RayflowError { return .failure(error) } catch {
            return .failure(RayflowError(.invalidArgument, "\(error)", cause: error))
        }
    }
}
