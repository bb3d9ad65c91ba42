package import RayflowCore

/// What a name of an actor stands for.
package struct NamedActor: Sendable, Hashable {
    package var actor: ActorID
    package var typeName: String
    package init(actor: ActorID, typeName: String) {
        self.actor = actor
        self.typeName = typeName
    }
}
