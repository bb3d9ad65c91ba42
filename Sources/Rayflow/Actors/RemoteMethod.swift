import RayflowCore

/// A method of an actor: declared by `method`, called on a handle by the name of its constant.
public struct RemoteMethod<Host: RemoteActor, each Parameter: RemoteValue, Output: RemoteOutput>: RemoteMember {
    let declaration: Declaration
    let body: @Sendable (Host, repeat each Parameter) async throws -> ResultPayload
    /// Empty for the default group.
    var group = ""

    init(_ declaration: Declaration, _ body: @escaping @Sendable (Host, repeat each Parameter) async throws -> ResultPayload) {
        self.declaration = declaration
        self.body = body
    }

    func invoke(_ host: Host, _ call: Call) async throws -> ResultPayload {
        try await body(host, repeat try call.next((each Parameter).self))
    }

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
            declaration: declaration, isConstructor: false, group: group, parameters: parameters, results: Output._codecs,
            resultArity: Output._arity,
            encode: { values in try self.encode(named: values) })
        return MemberEntry(facts: facts, body: .method { host, call in try await self.invoke(host, call) })
    }
}

extension RemoteMethod where Host: Sendable {
    /// The same method in a concurrency group: its calls run beside those of other groups, as many at a time as the actor was made with.
    ///
    ///     static let fetch = method("fetch(url:)") { … }.grouped("io")
    ///     let crawler = Crawler.start.options(maxConcurrency: 1, groups: ["io": 8]).remote()
    public func grouped(_ group: String) -> Self {
        var method = self
        method.group = group
        return method
    }
}
