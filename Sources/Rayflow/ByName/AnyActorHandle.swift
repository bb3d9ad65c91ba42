package import RayflowCore

/// The handle of an actor whose type is known by name only.
package struct AnyActorHandle: Hashable, Sendable {
    package let box: RefBox
    package let typeName: String

    package init(_ box: RefBox, typeName: String) {
        self.box = box
        self.typeName = typeName
    }

    package var id: ActorID { box.id.task.actor }
    package static func == (a: Self, b: Self) -> Bool { a.box.id == b.box.id }
    package func hash(into hasher: inout Hasher) { hasher.combine(box.id) }
}
