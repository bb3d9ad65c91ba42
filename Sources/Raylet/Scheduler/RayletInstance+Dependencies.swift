import RayflowCore

// Large arguments are here before a worker is granted. An object is fetched once, however many requests need it, and let go with the last.
extension RayletInstance {
    /// Asks for what is not here; gives the objects that are missing.
    mutating func need(_ dependencies: [Dependency], for lease: LeaseID, into out: inout [RayletDirective]) -> Set<ObjectID> {
        var missing: Set<ObjectID> = []
        for dependency in dependencies {
            var need = needs[dependency.id] ?? DependencyNeed()
            if need.leases.isEmpty { out.append(.fetchDependency(dependency)) }
            if !need.leases.contains(lease) { need.leases.append(lease) }
            if !need.isLocal { missing.insert(dependency.id) }
            needs[dependency.id] = need
        }
        return missing
    }

    mutating func arrived(_ object: ObjectID) {
        guard var need = needs[object] else { return }  // cancelled meanwhile
        need.isLocal = true
        needs[object] = need
        for id in need.leases {
            guard let entry = leases[id], case .fetching(var missing) = entry.state else { continue }
            missing.remove(object)
            if missing.isEmpty { enqueue(id) } else { leases[id]?.state = .fetching(missing: missing) }
        }
    }

    /// Those who still need it wait on.
    func fetchAgain(_ object: ObjectID, into out: inout [RayletDirective]) {
        for lease in needs[object]?.leases ?? [] {
            guard let dependency = leases[lease]?.request.dependencies.first(where: { $0.id == object }) else { continue }
            return out.append(.fetchDependency(dependency))
        }
    }

    mutating func releaseDependencies(of lease: LeaseID, _ entry: LeaseEntry, into out: inout [RayletDirective]) {
        for dependency in entry.request.dependencies {
            guard var need = needs[dependency.id], let index = need.leases.firstIndex(of: lease) else { continue }
            need.leases.remove(at: index)
            needs[dependency.id] = need.leases.isEmpty ? nil : need
            if need.leases.isEmpty { out.append(.cancelDependency(dependency.id)) }
        }
    }
}
