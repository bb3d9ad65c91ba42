// One initialiser for each kind of result. Several results need one for each count: a closure that returns a tuple with a pack in it crashes
// the compiler (6.3.1).
extension RemoteFunction {
    /// - Parameters:
    ///   - signature: `name`, `name(a:b:)` or `name(a:b:) -> (x, y)`.
    ///   - version: part of the key under which durable runs reuse results; raise it when the body changes its meaning.
    public init<R: RemoteValue>(
        _ signature: String, version: Int = 1, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (repeat each Parameter) async throws -> R
    ) where Output == Single<R.Resolved> {
        self.init(Declaration(signature, version: version, fileID: fileID, line: line)) { (arguments: repeat each Parameter) in
            try await body(repeat each arguments)._result().payload
        }
    }

    @_disfavoredOverload
    public init(
        _ signature: String, version: Int = 1, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (repeat each Parameter) async throws -> Void
    ) where Output == Single<Done> {
        self.init(Declaration(signature, version: version, fileID: fileID, line: line)) { (arguments: repeat each Parameter) in
            try await body(repeat each arguments)
            return try Done()._result().payload
        }
    }

    public init<R1: RemoteValue, R2: RemoteValue>(
        _ signature: String, version: Int = 1, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (repeat each Parameter) async throws -> (R1, R2)
    ) where Output == Several<R1, R2> {
        self.init(Declaration(signature, version: version, fileID: fileID, line: line)) { (arguments: repeat each Parameter) in
            try encodedResults(try await body(repeat each arguments))
        }
    }

    public init<R1: RemoteValue, R2: RemoteValue, R3: RemoteValue>(
        _ signature: String, version: Int = 1, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (repeat each Parameter) async throws -> (R1, R2, R3)
    ) where Output == Several<R1, R2, R3> {
        self.init(Declaration(signature, version: version, fileID: fileID, line: line)) { (arguments: repeat each Parameter) in
            try encodedResults(try await body(repeat each arguments))
        }
    }

    public init<R1: RemoteValue, R2: RemoteValue, R3: RemoteValue, R4: RemoteValue>(
        _ signature: String, version: Int = 1, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (repeat each Parameter) async throws -> (R1, R2, R3, R4)
    ) where Output == Several<R1, R2, R3, R4> {
        self.init(Declaration(signature, version: version, fileID: fileID, line: line)) { (arguments: repeat each Parameter) in
            try encodedResults(try await body(repeat each arguments))
        }
    }

    public init<R1: RemoteValue, R2: RemoteValue, R3: RemoteValue, R4: RemoteValue, R5: RemoteValue>(
        _ signature: String, version: Int = 1, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (repeat each Parameter) async throws -> (R1, R2, R3, R4, R5)
    ) where Output == Several<R1, R2, R3, R4, R5> {
        self.init(Declaration(signature, version: version, fileID: fileID, line: line)) { (arguments: repeat each Parameter) in
            try encodedResults(try await body(repeat each arguments))
        }
    }

    public init<R1: RemoteValue, R2: RemoteValue, R3: RemoteValue, R4: RemoteValue, R5: RemoteValue, R6: RemoteValue>(
        _ signature: String, version: Int = 1, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (repeat each Parameter) async throws -> (R1, R2, R3, R4, R5, R6)
    ) where Output == Several<R1, R2, R3, R4, R5, R6> {
        self.init(Declaration(signature, version: version, fileID: fileID, line: line)) { (arguments: repeat each Parameter) in
            try encodedResults(try await body(repeat each arguments))
        }
    }

    @_disfavoredOverload
    @available(*, deprecated, message: "the result must conform to RemoteValue (several results: an unlabelled tuple of RemoteValues)")
    public init<V>(
        _ signature: String, version: Int = 1, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (repeat each Parameter) async throws -> V
    ) where Output == NotARemoteValue<V> {
        self.init(Declaration(signature, version: version, fileID: fileID, line: line)) { (_: repeat each Parameter) in
            throw RayflowError(.invalidRegistry, "\(V.self) is no RemoteValue")
        }
    }
}
