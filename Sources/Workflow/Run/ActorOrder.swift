package import RayflowCore

/// The creation of a declared actor, evaluated.
package struct ActorOrder: Sendable, Hashable {
    package var id: String
    package var typeName: String
    package var with: ValueObject
    package var resources: ResourceSet
    package var maxRestarts: Int
    package var maxTaskRetries: Int
    package var maxConcurrency: Int

    package var key: String { "actors/\(id)" }
}
