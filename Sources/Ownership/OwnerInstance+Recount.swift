import RayflowCore

// The counts of every object, made anew from what holds it.
extension OwnerInstance {
    /// Objects and kept tasks whose counts are wrong; empty when all is well. Refs of the program's own cannot be counted here.
    func recount() -> [String] {
        var wrong: [String] = []
        let held = holders
        for (id, entry) in objects {
            let counted = held[id] ?? Holders()
            if counted != Holders(entry) { wrong.append("object \(id) is held by \(counted), by its own count \(entry)") }
        }
        for id in held.keys where objects[id] == nil { wrong.append("object \(id) is held, and not known") }
        var results: [TaskID: Int] = [:]
        for (id, entry) in objects where entry.recovery == .kept { results[id.task, default: 0] += 1 }
        for kept in lineage.all where kept.results != results[kept.spec.id] {
            wrong.append("\(results[kept.spec.id] ?? 0) results count on task \(kept.spec.id), by its own count \(kept.results)")
        }
        return wrong
    }

    private var holders: [ObjectID: Holders] {
        var held: [ObjectID: Holders] = [:]
        for entry in objects.values {
            for (ref, _) in entry.state?.countedRefs ?? [] { held[ref, default: Holders()].containedIn += 1 }
        }
        for task in tasks.values { for id in task.dependencies + task.carried { held[id, default: Holders()].taskRefs += 1 } }
        for line in actors.values { for id in line.arguments { held[id, default: Holders()].taskRefs += 1 } }
        for ids in deliveries.values.map(\.held) + arrivals.values { for id in ids { held[id, default: Holders()].underWay += 1 } }
        for kept in lineage.all { for id in kept.needed { held[id, default: Holders()].lineageRefs += 1 } }
        return held
    }
}

/// How often an object is held by something of this process that is not a ref of the program's.
private struct Holders: Equatable {
    var taskRefs: Int32 = 0
    var containedIn: Int32 = 0
    var underWay: Int32 = 0
    var lineageRefs: Int32 = 0

    init() {}

    init(_ entry: ObjectEntry) {
        taskRefs = entry.taskRefs
        containedIn = entry.containedIn
        underWay = entry.underWay
        lineageRefs = entry.lineageRefs
    }
}
