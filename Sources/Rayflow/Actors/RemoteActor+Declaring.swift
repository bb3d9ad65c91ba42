import RayflowCore

// One `constructor`, and one `method` for each kind of result. Several results need one for each count: a closure that returns a tuple with a
// pack in it crashes the compiler (6.3.1).
extension RemoteActor {
    /// Declares a constructor; an actor type may have several, under different names.
    public static func constructor<each P: RemoteValue>(
        _ name: String = "init", fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (repeat each P) async throws -> Self
    ) -> RemoteConstructor<Self, repeat each P> {
        RemoteConstructor(Declaration(name, fileID: fileID, line: line), body)
    }

    /// Declares a method: `name`, `name(a:b:)` or `name(a:b:) -> (x, y)`.
    public static func method<each P: RemoteValue, R: RemoteValue>(
        _ name: String, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (Self, repeat each P) async throws -> R
    ) -> RemoteMethod<Self, repeat each P, Single<R.Resolved>> {
        RemoteMethod(Declaration(name, fileID: fileID, line: line)) { (me: Self, arguments: repeat each P) in
            try await body(me, repeat each arguments)._result().payload
        }
    }

    @_disfavoredOverload
    public static func method<each P: RemoteValue>(
        _ name: String, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (Self, repeat each P) async throws -> Void
    ) -> RemoteMethod<Self, repeat each P, Single<Done>> {
        RemoteMethod(Declaration(name, fileID: fileID, line: line)) { (me: Self, arguments: repeat each P) in
            try await body(me, repeat each arguments)
            return try Done()._result().payload
        }
    }

    public static func method<each P: RemoteValue, R1: RemoteValue, R2: RemoteValue>(
        _ name: String, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (Self, repeat each P) async throws -> (R1, R2)
    ) -> RemoteMethod<Self, repeat each P, Several<R1, R2>> {
        RemoteMethod(Declaration(name, fileID: fileID, line: line)) { (me: Self, arguments: repeat each P) in
            try encodedResults(try await body(me, repeat each arguments))
        }
    }

    public static func method<each P: RemoteValue, R1: RemoteValue, R2: RemoteValue, R3: RemoteValue>(
        _ name: String, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (Self, repeat each P) async throws -> (R1, R2, R3)
    ) -> RemoteMethod<Self, repeat each P, Several<R1, R2, R3>> {
        RemoteMethod(Declaration(name, fileID: fileID, line: line)) { (me: Self, arguments: repeat each P) in
            try encodedResults(try await body(me, repeat each arguments))
        }
    }

    public static func method<each P: RemoteValue, R1: RemoteValue, R2: RemoteValue, R3: RemoteValue, R4: RemoteValue>(
        _ name: String, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (Self, repeat each P) async throws -> (R1, R2, R3, R4)
    ) -> RemoteMethod<Self, repeat each P, Several<R1, R2, R3, R4>> {
        RemoteMethod(Declaration(name, fileID: fileID, line: line)) { (me: Self, arguments: repeat each P) in
            try encodedResults(try await body(me, repeat each arguments))
        }
    }

    public static func method<each P: RemoteValue, R1: RemoteValue, R2: RemoteValue, R3: RemoteValue, R4: RemoteValue, R5: RemoteValue>(
        _ name: String, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (Self, repeat each P) async throws -> (R1, R2, R3, R4, R5)
    ) -> RemoteMethod<Self, repeat each P, Several<R1, R2, R3, R4, R5>> {
        RemoteMethod(Declaration(name, fileID: fileID, line: line)) { (me: Self, arguments: repeat each P) in
            try encodedResults(try await body(me, repeat each arguments))
        }
    }

    public static func method<
        each P: RemoteValue, R1: RemoteValue, R2: RemoteValue, R3: RemoteValue, R4: RemoteValue, R5: RemoteValue, R6: RemoteValue
    >(
        _ name: String, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (Self, repeat each P) async throws -> (R1, R2, R3, R4, R5, R6)
    ) -> RemoteMethod<Self, repeat each P, Several<R1, R2, R3, R4, R5, R6>> {
        RemoteMethod(Declaration(name, fileID: fileID, line: line)) { (me: Self, arguments: repeat each P) in
            try encodedResults(try await body(me, repeat each arguments))
        }
    }

    @_disfavoredOverload
    @available(*, deprecated, message: "the result must conform to RemoteValue (several results: an unlabelled tuple of RemoteValues)")
    public static func method<each P: RemoteValue, V>(
        _ name: String, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (Self, repeat each P) async throws -> V
    ) -> RemoteMethod<Self, repeat each P, NotARemoteValue<V>> {
        RemoteMethod(Declaration(name, fileID: fileID, line: line)) { (me: Self, arguments: repeat each P) in
            throw RayflowError(.invalidRegistry, "\(V.self) is no RemoteValue")
        }
    }
}

// A method as it stands in the class: `method("reset(to:)", Counter.reset(to:))`.
extension RemoteActor {
    public static func method<each P: RemoteValue, R: RemoteValue>(
        _ name: String, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (Self) -> (repeat each P) async throws -> R
    ) -> RemoteMethod<Self, repeat each P, Single<R.Resolved>> {
        RemoteMethod(Declaration(name, fileID: fileID, line: line)) { (me: Self, arguments: repeat each P) in
            try await body(me)(repeat each arguments)._result().payload
        }
    }

    @_disfavoredOverload
    public static func method<each P: RemoteValue>(
        _ name: String, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (Self) -> (repeat each P) async throws -> Void
    ) -> RemoteMethod<Self, repeat each P, Single<Done>> {
        RemoteMethod(Declaration(name, fileID: fileID, line: line)) { (me: Self, arguments: repeat each P) in
            try await body(me)(repeat each arguments)
            return try Done()._result().payload
        }
    }
}
