package import RayflowCore

// Objects: values put by this process, results of its tasks, and refs borrowed from other owners.
extension OwnerInstance {
    /// A finished value of this process's own; its caller holds one reference.
    package mutating func put(_ id: ObjectID, _ state: ObjectState, lineage: LineageID, into out: inout [OwnerDirective]) {
        var entry = objects[id] ?? ObjectEntry(owner: address, lineage: lineage)
        entry.localRefs += 1
        objects[id] = entry
        finish(id, state, into: &out)
    }

    package mutating func retain(_ id: ObjectID) { objects[id]?.localRefs += 1 }

    package mutating func release(_ id: ObjectID, into out: inout [OwnerDirective]) {
        guard var entry = objects[id] else { return }
        entry.localRefs -= 1
        objects[id] = entry
        dropIfUnneeded(id, into: &out)
    }

    /// A ref arrived inside a value or as a handle: one more local reference, in a borrowed row unless it is this process's own.
    package mutating func borrow(_ id: ObjectID, _ origin: RefOrigin) {
        makeRow(id, origin)
        objects[id]?.localRefs += 1
    }

    /// A row for a ref that was met, unless there is one.
    private mutating func makeRow(_ id: ObjectID, _ origin: RefOrigin) {
        guard objects[id] == nil else { return }
        var entry = ObjectEntry(owner: origin.owner, lineage: origin.lineage)
        if origin.owner == address, id.handledActor == nil {
            // Said to be this process's own, and forgotten here: nobody would ever finish it.
            entry.state = .failed(ErrorRecord(RayflowError(.objectLost, "object \(id) is not known to its owner (any more)")))
        }
        objects[id] = entry
    }

    package func origin(of id: ObjectID) -> RefOrigin {
        objects[id].map { RefOrigin(owner: $0.owner, lineage: $0.lineage) } ?? RefOrigin(owner: address, lineage: .none)
    }

    /// The row behind an actor's handles; the caller holds one reference.
    package mutating func holdHandle(of actor: ActorID, lineage: LineageID) {
        let id = ObjectID(handleOf: actor)
        objects[id, default: ObjectEntry(owner: address, lineage: lineage)].localRefs += 1
    }

    /// What this process owned now belongs to the owner of the task that made it.
    package mutating func handOver(_ ids: [ObjectID], to owner: Address) {
        for id in ids where objects[id]?.owner == address { objects[id]?.owner = owner }
    }

    /// Refs inside a value are about to leave this process: their owners must not drop them.
    package mutating func escape(_ ids: [ObjectID]) {
        for id in ids { objects[id]?.hasEscaped = true }
    }

    /// Somebody here waits for the object. A borrowed one is asked of its owner, once.
    package mutating func watch(_ id: ObjectID, into out: inout [OwnerDirective]) {
        guard var entry = objects[id] else {
            // Its last reference is gone, or it never was: never a hang.
            objects[id] = ObjectEntry(owner: address, lineage: .none)
            return finish(id, .failed(unknown(id)), into: &out)
        }
        if entry.owner == address {
            if !entry.isAvailable, entry.state != nil || entry.isSetAside { recover(id, into: &out) }
            return
        }
        guard entry.state == nil, !entry.isAskedFor else { return }
        entry.isAskedFor = true
        objects[id] = entry
        let request = nextRequest
        nextRequest += 1
        openRequests[request] = id
        out.append(.send(.getObject(GetObject(request: request, object: id)), to: entry.owner))
    }

    func unknown(_ id: ObjectID) -> ErrorRecord { ErrorRecord(.objectLost, "object \(id) is not known here (any more)") }

    mutating func objectReply(_ m: ObjectReply, into out: inout [OwnerDirective]) {
        guard openRequests.removeValue(forKey: m.request) == m.object else { return }
        let gone = "the owner of object \(m.object) no longer knows it"
        let state = m.state ?? .failed(ErrorRecord(.objectLost, gone, reason: .refDeleted))
        finish(m.object, state, into: &out)
    }

    mutating func getObject(_ m: GetObject, from: Address, into out: inout [OwnerDirective]) {
        guard let entry = objects[m.object] else {
            return out.append(.send(.objectReply(ObjectReply(request: m.request, object: m.object, state: nil)), to: from))
        }
        guard let state = entry.state, entry.owner != address || entry.isAvailable else {
            objects[m.object]?.remoteWaiters.append((from, m.request))
            // Asked for something that this process has only borrowed: pass the question on, answer when it is answered.
            return watch(m.object, into: &out)
        }
        answer(m.object, state, to: from, request: m.request, into: &out)
    }

    private mutating func answer(_ id: ObjectID, _ state: ObjectState, to: Address, request: UInt64, into out: inout [OwnerDirective]) {
        escape(state.enclosedRefs.map(\.id))
        out.append(.send(.objectReply(ObjectReply(request: request, object: id, state: rebound(state))), to: to))
    }

    /// A state as it leaves this process: with the owners that its refs have now, not those that they had when the value was made.
    func rebound(_ state: ObjectState) -> ObjectState {
        switch state {
        case .inline(let enclosed) where !enclosed.origins.isEmpty:
            return .inline(EnclosedPayload(enclosed.payload, origins: rebound(enclosed.payload.refs, enclosed.origins)))
        case .stored(let nodes, let size, let refs, let origins) where !origins.isEmpty:
            return .stored(nodes: nodes, size: size, refs: refs, origins: rebound(refs, origins))
        default: return state
        }
    }

    private func rebound(_ refs: [ObjectID], _ origins: [RefOrigin]) -> [RefOrigin] {
        zip(refs, origins).map { id, origin in objects[id].map { RefOrigin(owner: $0.owner, lineage: $0.lineage) } ?? origin }
    }

    /// Gives an object its final state, wakes dependents, local waiters and other processes, in this order. Only the first state counts.
    mutating func finish(_ id: ObjectID, _ state: ObjectState, into out: inout [OwnerDirective]) {
        guard var entry = objects[id], entry.state == nil else { return }
        entry.state = state
        entry.isSetAside = false
        let dependents = entry.dependents, waiters = entry.remoteWaiters
        entry.dependents = []
        entry.remoteWaiters = []
        objects[id] = entry
        for (inner, origin) in state.enclosedRefs {
            makeRow(inner, origin)
            objects[inner]?.containedIn += 1
        }
        for waiter in waiters { answer(id, state, to: waiter.address, request: waiter.request, into: &out) }
        for task in dependents { dependencyFinished(task, of: id, state, into: &out) }
        out.append(.ready(id))
        if id.index == 1, !streams.isEmpty { endStream(of: id.task, into: &out) }
        dropIfUnneeded(id, into: &out)
    }

    /// An object of which nobody needs anything is deleted with all its copies; refs inside its value go in the same step.
    mutating func dropIfUnneeded(_ first: ObjectID, into out: inout [OwnerDirective]) {
        var check = [first]
        while let id = check.popLast() {
            guard let entry = objects[id], !entry.isNeeded, entry.state != nil || entry.owner != address || !isPending(id) else { continue }
            if entry.isAskedFor, entry.state == nil { continue }  // the answer is on its way
            if entry.lineageRefs > 0 {
                check += setAside(id, into: &out)
                continue
            }
            objects[id] = nil
            if entry.recovery == .kept { check += releaseLineage(id.task) }
            if entry.owner == address, case .stored(let nodes, _, _, _)? = entry.state {
                for node in nodes { out.append(.send(.deleteObjects(DeleteObjects(objects: [id])), to: .raylet(of: node))) }
            }
            for (inner, _) in entry.state?.enclosedRefs ?? [] {
                objects[inner]?.containedIn -= 1
                check.append(inner)
            }
        }
    }

    private func isPending(_ id: ObjectID) -> Bool { tasks[id.task] != nil }

    /// A copy of a large object turned out to be on a further node.
    package mutating func addLocation(_ id: ObjectID, _ node: NodeID) {
        guard objects[id]?.owner == address, case .stored(var nodes, let size, let refs, let origins)? = objects[id]?.state,
            !nodes.contains(node)
        else { return }
        nodes.append(node)
        objects[id]?.state = .stored(nodes: nodes, size: size, refs: refs, origins: origins)
    }

    /// Takes over what a finished task owned: before the result that holds it is visible.
    mutating func adopt(_ moved: [MovedObject], into out: inout [OwnerDirective]) {
        for object in moved {
            if objects[object.id]?.state != nil {
                // Of an attempt that was made because another object of its task was lost.
                finishAgain(object.id, object.state, into: &out)
                continue
            }
            if objects[object.id] == nil {
                objects[object.id] = ObjectEntry(owner: address, lineage: object.lineage)
            } else {
                objects[object.id]?.owner = address
                objects[object.id]?.lineage = object.lineage
            }
            objects[object.id]?.hasEscaped = true
            finish(object.id, object.state, into: &out)
        }
    }
}
