package import RayflowCore

/// Calls whose types are known at run time only: workflow files, tools.
extension Cluster {
    /// Calls a registered function with values by label.
    /// - Returns: one ref for each result, under its name; see ``Signature/resultNames(count:)``.
    /// - Throws: `notRegistered`, `invalidArgument` or `typeMismatch`, naming the label.
    package func call(
        _ name: String, with values: [String: NamedValue], options: TaskOptions = TaskOptions()
    ) throws(RayflowError) -> [(name: String, ref: AnyObjectRef)] {
        guard let index = registry.functionIndex(named: name) else {
            throw RayflowError(.notRegistered, "no function \(name) is registered; there are: \(Self.list(registry.functions.map(\.name)))")
        }
        let function = registry.functions[index]
        let arguments = try RayflowError.result { try function.encode(values) }.get()
        let ids = submit(function.declaration, .success(arguments), max(function.resultArity, 1), options)
        return refs(ids, function.declaration.signature.resultNames(count: function.resultArity))
    }

    /// Creates an actor by its type name; of several constructors the one whose labels match.
    package func createActor(
        _ typeName: String, with values: [String: NamedValue], options: ActorOptions = ActorOptions()
    ) throws(RayflowError) -> AnyActorHandle {
        guard let type = registry.actor(named: typeName) else {
            throw RayflowError(
                .notRegistered, "no actor type \(typeName) is registered; there are: \(Self.list(registry.actors.map(\.typeName)))")
        }
        let constructors = type.members.indices.filter { type.members[$0].isConstructor }
        let given = Set(values.keys)
        let index =
            constructors.first { Set(type.members[$0].declaration.signature.labels ?? []) == given }
            ?? constructors.first { given.isSubset(of: type.members[$0].declaration.signature.labels ?? []) } ?? constructors.first
        guard let index else { throw RayflowError(.notRegistered, "\(typeName) has no constructor in its members") }
        let arguments = try RayflowError.result { try type.members[index].encode(values) }.get()
        let id = create(type, member: index, .success(arguments), options)
        return AnyActorHandle(RefBox(adopting: ObjectID(handleOf: id), in: self), typeName: typeName)
    }

    /// Calls a method of an actor by its registered name.
    package func call(
        _ actor: AnyActorHandle, _ method: String, with values: [String: NamedValue], options: CallOptions = CallOptions()
    ) throws(RayflowError) -> [(name: String, ref: AnyObjectRef)] {
        guard let type = registry.actor(named: actor.typeName) else {
            throw RayflowError(.notRegistered, "\(actor.typeName) is not registered")
        }
        guard let index = type.members.firstIndex(where: { !$0.isConstructor && $0.name == method }) else {
            let names = type.members.filter { !$0.isConstructor }.map(\.name)
            throw RayflowError(.notRegistered, "\(actor.typeName) has no method \(method); there are: \(Self.list(names))")
        }
        let member = type.members[index]
        let arguments = try RayflowError.result { try member.encode(values) }.get()
        let ids = call(type, actor.id, member: index, .success(arguments), max(member.resultArity, 1), options)
        return refs(ids, member.declaration.signature.resultNames(count: member.resultArity))
    }

    /// Waits for an object and shows it as JSON.
    /// - Throws: the failure of the object, always as ``RayflowError``; `typeMismatch` for types that no registered function mentions.
    package func json(of ref: AnyObjectRef) async throws -> JSON {
        let fetched = try await engine.fetch(ref.id, timeout: nil)
        withExtendedLifetime(ref.box) {}
        return try json(fetched)
    }

    /// Shows a fetched object as JSON; see ``json(of:)``.
    package func json(_ fetched: Fetched) throws(RayflowError) -> JSON {
        switch fetched {
        case .payload(let payload): try payload.decode(JSON.self, in: self)
        case .mapped(let object): try object.decode(JSON.self, in: self)
        case .failed(let record): throw failure(record)
        }
    }

    private func refs(_ ids: [ObjectID], _ names: [String]) -> [(name: String, ref: AnyObjectRef)] {
        zip(names, ids).map { ($0, AnyObjectRef(RefBox(adopting: $1, in: self))) }
    }

    private static func list(_ names: [String]) -> String { names.isEmpty ? "none" : names.sorted().joined(separator: ", ") }
}
