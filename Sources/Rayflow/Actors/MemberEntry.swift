package import RayflowCore

/// A member of an actor type as the registry keeps it, its parameter types erased. Made by the library only.
public struct MemberEntry<Host: RemoteActor>: Sendable {
    package enum Body: Sendable {
        case constructor(@Sendable (Call) async throws -> Host)
        case method(@Sendable (Host, Call) async throws -> ResultPayload)
    }
    package let facts: MemberFacts
    package let body: Body
}

/// All of a member but its body.
package struct MemberFacts: Sendable {
    package let declaration: Declaration
    package let isConstructor: Bool
    /// The concurrency group of a method; empty for the default one.
    package var group = ""
    package let parameters: [ValueCodec]
    package let results: [ValueCodec]
    package let resultArity: Int
    /// Maps `with:` to arguments by label.
    package let encode: @Sendable ([String: NamedValue]) throws -> [Argument]

    package var name: String { declaration.name }
    package var digest: Digest128 { declaration.digest(parameters: parameters.map(\.tag), results: results.map(\.tag)) }
    package var problems: [String] { declaration.signature.problems(arity: parameters.count, resultArity: resultArity) }
}
