package import RayflowCore

/// One call of a remote function, as it is handed to the engine.
package struct Submission: Sendable {
    package var function: FunctionReference
    /// Of the function's name, version and types: what the journal compares across programs.
    package var signature: Digest128
    /// A failure (not registered, an argument that cannot be encoded) becomes the failure of every result.
    package var arguments: Result<[Argument], RayflowError>
    /// At least 1.
    package var resultCount: Int
    package var options: TaskOptions
}

/// The creation of an actor.
package struct ActorSubmission: Sendable {
    /// Swift type name with its module, as the registry knows it.
    package var typeName: String
    /// The constructor: index among the members of the type, and its name.
    package var constructor: FunctionReference
    package var signature: Digest128
    package var arguments: Result<[Argument], RayflowError>
    package var options: ActorOptions
}

/// One call of an actor's method.
package struct ActorCall: Sendable {
    package var actor: ActorID
    package var typeName: String
    /// The method: index among the members of the type, and its name.
    package var method: FunctionReference
    package var signature: Digest128
    package var arguments: Result<[Argument], RayflowError>
    package var resultCount: Int
    package var options: CallOptions
}
