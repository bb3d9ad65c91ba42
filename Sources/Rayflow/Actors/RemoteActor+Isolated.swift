// Swift actors: the closure may be isolated to the instance, and then stays on the worker's thread.
extension RemoteActor where Self: Actor {
    /// Declares a method whose closure is isolated to the actor.
    public static func method<each P: RemoteValue, R: RemoteValue>(
        _ name: String, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (isolated Self, repeat each P) async throws -> R
    ) -> RemoteMethod<Self, repeat each P, Single<R.Resolved>> {
        RemoteMethod(Declaration(name, fileID: fileID, line: line)) { (me: Self, arguments: repeat each P) in
            try await body(me, repeat each arguments)._result().payload
        }
    }

    @_disfavoredOverload
    public static func method<each P: RemoteValue>(
        _ name: String, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (isolated Self, repeat each P) async throws -> Void
    ) -> RemoteMethod<Self, repeat each P, Single<Done>> {
        RemoteMethod(Declaration(name, fileID: fileID, line: line)) { (me: Self, arguments: repeat each P) in
            try await body(me, repeat each arguments)
            return try Done()._result().payload
        }
    }

    public static func method<each P: RemoteValue, R1: RemoteValue, R2: RemoteValue>(
        _ name: String, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (isolated Self, repeat each P) async throws -> (R1, R2)
    ) -> RemoteMethod<Self, repeat each P, Several<R1, R2>> {
        RemoteMethod(Declaration(name, fileID: fileID, line: line)) { (me: Self, arguments: repeat each P) in
            try encodedResults(try await body(me, repeat each arguments))
        }
    }

    public static func method<each P: RemoteValue, R1: RemoteValue, R2: RemoteValue, R3: RemoteValue>(
        _ name: String, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (isolated Self, repeat each P) async throws -> (R1, R2, R3)
    ) -> RemoteMethod<Self, repeat each P, Several<R1, R2, R3>> {
        RemoteMethod(Declaration(name, fileID: fileID, line: line)) { (me: Self, arguments: repeat each P) in
            try encodedResults(try await body(me, repeat each arguments))
        }
    }

    public static func method<each P: RemoteValue, R1: RemoteValue, R2: RemoteValue, R3: RemoteValue, R4: RemoteValue>(
        _ name: String, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (isolated Self, repeat each P) async throws -> (R1, R2, R3, R4)
    ) -> RemoteMethod<Self, repeat each P, Several<R1, R2, R3, R4>> {
        RemoteMethod(Declaration(name, fileID: fileID, line: line)) { (me: Self, arguments: repeat each P) in
            try encodedResults(try await body(me, repeat each arguments))
        }
    }

    public static func method<each P: RemoteValue, R1: RemoteValue, R2: RemoteValue, R3: RemoteValue, R4: RemoteValue, R5: RemoteValue>(
        _ name: String, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (isolated Self, repeat each P) async throws -> (R1, R2, R3, R4, R5)
    ) -> RemoteMethod<Self, repeat each P, Several<R1, R2, R3, R4, R5>> {
        RemoteMethod(Declaration(name, fileID: fileID, line: line)) { (me: Self, arguments: repeat each P) in
            try encodedResults(try await body(me, repeat each arguments))
        }
    }

    public static func method<
        each P: RemoteValue, R1: RemoteValue, R2: RemoteValue, R3: RemoteValue, R4: RemoteValue, R5: RemoteValue, R6: RemoteValue
    >(
        _ name: String, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (isolated Self, repeat each P) async throws -> (R1, R2, R3, R4, R5, R6)
    ) -> RemoteMethod<Self, repeat each P, Several<R1, R2, R3, R4, R5, R6>> {
        RemoteMethod(Declaration(name, fileID: fileID, line: line)) { (me: Self, arguments: repeat each P) in
            try encodedResults(try await body(me, repeat each arguments))
        }
    }
}
