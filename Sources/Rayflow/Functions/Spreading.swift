import RayflowCore

extension RemoteFunction {
    /// The same function, each element of whose result becomes an object of its own: one ref to the list of refs.
    public func spread<Element: RemoteValue>() -> RemoteFunction<repeat each Parameter, Single<[ObjectRef<Element>]>>
    where Output == Single<[Element]> {
        var function = RemoteFunction<repeat each Parameter, Single<[ObjectRef<Element>]>>(declaration, body)
        function.taskOptions = taskOptions
        function.taskOptions.isSpread = true
        function.cluster = cluster
        return function
    }
}

extension FunctionEntry {
    /// The result of the function with its elements as objects.
    func spread(_ result: ResultPayload, in cluster: Cluster) throws -> ResultPayload {
        guard case .values(let payloads) = result, let payload = payloads.first, let codec = results.first, let spread = codec.spread else {
            throw RayflowError(.unsupported, "\(name) cannot be spread: its body must return an array itself, not a ref to one", task: name)
        }
        return .values([try spread(payload, cluster)])
    }
}

/// Arrays, whose elements can be put one by one.
protocol SpreadableValue {
    static func spread(_ payload: Payload, in cluster: Cluster) throws -> Payload
}

extension Array: SpreadableValue where Element: RemoteValue {
    static func spread(_ payload: Payload, in cluster: Cluster) throws -> Payload {
        var refs: [ObjectRef<Element>] = []
        for element in try payload.decode(Self.self, in: cluster) { refs.append(try cluster.put(element)) }
        let spread = try Payload(encoding: refs)
        TaskContext.current?.hold(spread)
        return spread
    }
}
