package import RayflowCore

/// A remote function as the registry keeps it, its types erased. Made by the library only.
public struct FunctionEntry: Sendable {
    package let declaration: Declaration
    package let parameters: [ValueCodec]
    package let results: [ValueCodec]
    /// Negative: the result cannot travel.
    package let resultArity: Int
    package let invoke: @Sendable (Call) async throws -> ResultPayload
    /// Maps `with:` to arguments by label.
    package let encode: @Sendable ([String: NamedValue]) throws -> [Argument]

    package var name: String { declaration.name }
    package var digest: Digest128 { declaration.digest(parameters: parameters.map(\.tag), results: results.map(\.tag)) }
    package var problems: [String] { declaration.signature.problems(arity: parameters.count, resultArity: resultArity) }
}
