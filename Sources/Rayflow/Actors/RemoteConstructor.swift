import RayflowCore

/// How an actor is made: declared by `constructor`, called with `remote`, which gives the handle at once.
public struct RemoteConstructor<Host: RemoteActor, each Parameter: RemoteValue>: RemoteMember {
    let declaration: Declaration
    let body: @Sendable (repeat each Parameter) async throws -> Host
    var options = ActorOptions()
    var cluster: Cluster?

    init(_ declaration: Declaration, _ body: @escaping @Sendable (repeat each Parameter) async throws -> Host) {
        self.declaration = declaration
        self.body = body
    }

    /// Creates an actor from values only. Never throws: if the actor cannot be made, its calls fail.
    @discardableResult
    public func remote(_ arguments: repeat each Parameter) -> ActorHandle<Host> {
        let handle = create {
            var encoded: [Argument] = []
            for argument in repeat each arguments { encoded.append(try encodedValue(argument)) }
            return encoded
        }
        withExtendedLifetime((repeat each arguments)) {}
        return handle
    }

    /// Creates an actor from refs among values.
    @_disfavoredOverload @discardableResult
    public func remote<each Given: RemoteArgument>(_ arguments: repeat each Given) -> ActorHandle<Host>
    where repeat (each Given).Resolved == each Parameter {
        let handle = create {
            var encoded: [Argument] = []
            for argument in repeat each arguments { encoded.append(try argument._argument().argument) }
            return encoded
        }
        withExtendedLifetime((repeat each arguments)) {}
        return handle
    }

    private func create(_ encode: () throws -> [Argument]) -> ActorHandle<Host> {
        let cluster = Cluster.target(cluster)
        let id = cluster.create(Host.self, declaration, RayflowError.result { try encode() }, options)
        return ActorHandle(RefBox(adopting: ObjectID(handleOf: id), in: cluster))
    }

    /// The same constructor on this cluster, whatever else could be meant.
    public func on(_ cluster: Cluster) -> Self {
        var constructor = self
        constructor.cluster = cluster
        return constructor
    }

    func construct(_ call: Call) async throws -> Host { try await body(repeat try call.next((each Parameter).self)) }

    func encode(named values: [String: NamedValue]) throws -> [Argument] {
        var named = NamedArguments(declaration.signature, values)
        var encoded: [Argument] = []
        for type in repeat (each Parameter).self { encoded.append(try named.next(type)) }
        try named.finish()
        return encoded
    }

    public var _entry: MemberEntry<Host> {
        var parameters: [ValueCodec] = []
        for type in repeat (each Parameter).self { parameters.append(ValueCodec(type)) }
        let facts = MemberFacts(
            declaration: declaration, isConstructor: true, parameters: parameters, results: [], resultArity: 0,
            encode: { values in try self.encode(named: values) })
        return MemberEntry(facts: facts, body: .constructor { call in try await self.construct(call) })
    }
}
