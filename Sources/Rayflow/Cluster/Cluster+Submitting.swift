import RayflowCore

extension Cluster {
    /// Hands a call to the engine. What the registry does not know fails with the line to add.
    func submit(
        _ declaration: Declaration, _ arguments: Result<[Argument], RayflowError>, _ resultCount: Int, _ options: TaskOptions
    ) -> [ObjectID] {
        let index = registry.functionIndex(of: declaration)
        return engine.submit(
            Submission(
                function: declaration.reference(index), signature: index.map(registry.functionDigest) ?? Digest128(high: 0, low: 0),
                arguments: index == nil ? .failure(missing(declaration)) : arguments, resultCount: resultCount, options: options))
    }

    func create<A: RemoteActor>(
        _: A.Type, _ declaration: Declaration, _ arguments: Result<[Argument], RayflowError>, _ options: ActorOptions
    ) -> ActorID {
        guard let type = registry.actor(A.self), let index = type.index(of: declaration) else {
            return engine.create(
                ActorSubmission(
                    typeName: TypeTags.tag(of: A.self), constructor: declaration.reference(nil), signature: Digest128(high: 0, low: 0),
                    arguments: .failure(missing(declaration, of: A.self)), options: options))
        }
        return create(type, member: index, arguments, options)
    }

    func create(
        _ type: any ActorType, member: Int, _ arguments: Result<[Argument], RayflowError>, _ options: ActorOptions
    ) -> ActorID {
        let groups = Set(type.members.map(\.group)).subtracting(options.groups.keys).subtracting([""]).sorted()
        let fault = RayflowError(
            .invalidArgument,
            "\(type.typeName) has methods in the concurrency groups \(groups.joined(separator: ", ")), of which the actor "
                + "is made with none: give them limits with options(groups:)")
        return engine.create(
            ActorSubmission(
                typeName: type.typeName, constructor: type.members[member].declaration.reference(member), signature: type.digests[member],
                arguments: groups.isEmpty ? arguments : .failure(fault), options: options))
    }

    func call<A: RemoteActor>(
        _: A.Type, _ actor: ActorID, _ declaration: Declaration, _ arguments: Result<[Argument], RayflowError>, _ resultCount: Int,
        _ options: CallOptions
    ) -> [ObjectID] {
        guard let type = registry.actor(A.self), let index = type.index(of: declaration) else {
            return engine.call(
                ActorCall(
                    actor: actor, typeName: TypeTags.tag(of: A.self), method: declaration.reference(nil),
                    signature: Digest128(high: 0, low: 0), arguments: .failure(missing(declaration, of: A.self)), resultCount: resultCount,
                    options: options))
        }
        return call(type, actor, member: index, arguments, resultCount, options)
    }

    func call(
        _ type: any ActorType, _ actor: ActorID, member: Int, _ arguments: Result<[Argument], RayflowError>, _ resultCount: Int,
        _ options: CallOptions
    ) -> [ObjectID] {
        var options = options
        if options.group == nil { options.group = type.members[member].group }
        return engine.call(
            ActorCall(
                actor: actor, typeName: type.typeName, method: type.members[member].declaration.reference(member),
                signature: type.digests[member], arguments: arguments, resultCount: resultCount, options: options))
    }

    private func missing(_ declaration: Declaration) -> RayflowError {
        if let index = registry.functionIndex(named: declaration.name) {
            let other = registry.functions[index].declaration
            return RayflowError(
                .notRegistered,
                "\(declaration.name) declared at \(declaration.place) is not registered, but another function of that name, declared at "
                    + "\(other.place), is: give one of them another name", task: declaration.name)
        }
        return RayflowError(
            .notRegistered, "\(declaration.name) is not registered: add the function declared at \(declaration.place) to Registry(…)",
            task: declaration.name)
    }

    private func missing<A: RemoteActor>(_ declaration: Declaration, of _: A.Type) -> RayflowError {
        let message =
            registry.actor(A.self) == nil
            ? "\(A.self) is not registered: add \(A.self).self to Registry(actors:)"
            : "\(A.self).\(declaration.name) declared at \(declaration.place) is not in \(A.self).members"
        return RayflowError(.notRegistered, message, task: declaration.name)
    }
}

extension Declaration {
    /// - Parameter index: in its table; nil if it is in none.
    func reference(_ index: Int?) -> FunctionReference {
        FunctionReference(index: index.map { UInt32(clamping: $0) } ?? .max, name: name, version: UInt32(clamping: version))
    }
}
