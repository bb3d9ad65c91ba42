package import RayflowCore

/// Actors that keep themselves alive: the arguments of a constructor are held for a restart, and a handle of the actor lies in one of them, or in
/// one of an actor whose handle does. Counting references does not find such circles, here as in Ray.
package struct ReferenceCircles {
    /// What an object keeps, by its value or because its task may run again.
    package var kept: [ObjectID: Set<ObjectID>] = [:]
    /// What is held for the restart of an actor that lives.
    package var arguments: [ActorID: [ObjectID]] = [:]

    package init() {}

    /// Actors that are in a circle or held by one, as handles, with all that they hold.
    package var members: Set<ObjectID> {
        var actors = Set(arguments.keys)
        while true {
            let reached = reachable(from: actors)
            let held = actors.filter { reached.contains(ObjectID(handleOf: $0)) }
            if held.count == actors.count { return reached }
            actors = held
        }
    }

    private func reachable(from actors: Set<ActorID>) -> Set<ObjectID> {
        var reached: Set<ObjectID> = []
        var open = actors.flatMap { arguments[$0] ?? [] }
        while let id = open.popLast() {
            guard reached.insert(id).inserted else { continue }
            open += kept[id] ?? []
            if let actor = id.handledActor { open += arguments[actor] ?? [] }
        }
        return reached
    }
}
