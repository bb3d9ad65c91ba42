package import RayflowCore

// Objects: values put by this process, results of its tasks, and refs borrowed from other owners.
extension OwnerInstance {
    /// A finished value of this process's own; its caller holds one reference.
    package mutating func put(_ id: ObjectID, _ state: ObjectState, lineage: LineageID, into out: inout [OwnerDirective]) {
        var entry = ObjectEntry(owner: address, lineage: lineage)
        entry.localRefs = 1
        // Nobody can wait for what had no name before, so nobody is told: a put costs the loop nothing.
        if id.isPut, objects[id] == nil {
            entry.state = state
            objects[id] = entry
            return countRefs(in: state)
        }
        if objects.change(id, { $0.localRefs += 1 }) == nil { objects[id] = entry }
        finish(id, state, into: &out)
    }

    package mutating func retain(_ id: ObjectID) {
        // A handle in a value, got by name when the value was made, has no row before it is read.
        if objects[id] == nil, let actor = id.handledActor { return holdFoundHandle(of: actor) }
        objects[id]?.localRefs += 1
    }

    package mutating func release(_ id: ObjectID, into out: inout [OwnerDirective]) {
        guard objects.change(id, { $0.localRefs -= 1 }) != nil else { return }
        dropIfUnneeded(id, into: &out)
    }

    /// A ref arrived inside a value or as a handle: one more local reference, in a borrowed row unless it is this process's own.
    package mutating func borrow(_ id: ObjectID, _ origin: RefOrigin) {
        makeRow(id, origin)
        objects[id]?.localRefs += 1
    }

    /// A row for a ref that was met, unless there is one.
    mutating func makeRow(_ id: ObjectID, _ origin: RefOrigin) {
        guard objects[id] == nil else {
            // What was found by name is counted from the first handle that is.
            if objects[id]?.owner == .gcs, origin.owner.isProcess { objects[id]?.owner = origin.owner }
            return
        }
        let isForgotten = origin.owner == address && id.handledActor == nil
        objects[id] = isForgotten ? forgotten(id) : ObjectEntry(owner: origin.owner, lineage: origin.lineage)
    }

    package func origin(of id: ObjectID) -> RefOrigin {
        objects[id].map { RefOrigin(owner: $0.owner, lineage: $0.lineage) } ?? RefOrigin(owner: address, lineage: .none)
    }

    /// The row behind the handles of an actor that this process makes; the caller holds one reference.
    package mutating func holdHandle(of actor: ActorID, lineage: LineageID) {
        let id = ObjectID(handleOf: actor)
        objects[id, default: ObjectEntry(owner: address, lineage: lineage)].localRefs += 1
    }

    /// The row behind a handle that was got by name: it does not count, here and wherever it is passed on to.
    package mutating func holdFoundHandle(of actor: ActorID) {
        let id = ObjectID(handleOf: actor)
        objects[id, default: ObjectEntry(owner: .gcs, lineage: .none)].localRefs += 1
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

    /// A row for an object that is said to be this process's own and that is gone here: nobody would ever finish it.
    func forgotten(_ id: ObjectID) -> ObjectEntry {
        var entry = ObjectEntry(owner: address, lineage: .none)
        entry.state = .failed(unknown(id))
        return entry
    }

    func unknown(_ id: ObjectID) -> ErrorRecord { ErrorRecord(.objectLost, "object \(id) is not known here (any more)") }

    /// - Returns: false for an answer that nobody waits for.
    @discardableResult
    mutating func objectReply(_ m: ObjectReply, into out: inout [OwnerDirective]) -> Bool {
        guard openRequests.removeValue(forKey: m.request) == m.object else { return false }
        let gone = "the owner of object \(m.object) no longer knows it"
        let state = m.state ?? .failed(ErrorRecord(.objectLost, gone, reason: .refDeleted))
        finish(m.object, state, into: &out)
        return true
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
        let refs = state.enclosedRefs
        let delivery = refs.isEmpty ? 0 : deliver(refs.map(\.id), to: to)
        out.append(.send(.objectReply(ObjectReply(request: request, object: id, state: rebound(state), delivery: delivery)), to: to))
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

    func rebound(_ argument: TaskArgument) -> TaskArgument {
        switch argument {
        case .value(let enclosed) where !enclosed.origins.isEmpty:
            return .value(EnclosedPayload(enclosed.payload, origins: rebound(enclosed.payload.refs, enclosed.origins)))
        case .gather(let parts):
            var all: [TaskArgument] = []
            for part in parts { all.append(rebound(part)) }
            return .gather(all)
        case .value, .ref: return argument
        }
    }

    private func rebound(_ refs: [ObjectID], _ origins: [RefOrigin]) -> [RefOrigin] {
        var all = origins
        for (at, id) in zip(origins.indices, refs) where origins[at].owner != .gcs {
            if let row = objects[id] { all[at] = RefOrigin(owner: row.owner, lineage: row.lineage) }
        }
        return all
    }

    /// Gives an object its final state, wakes dependents, local waiters and other processes, in this order. Only the first state counts.
    mutating func finish(_ id: ObjectID, _ state: ObjectState, into out: inout [OwnerDirective]) {
        let waiting = objects.change(id) { entry -> ([TaskID], [(address: Address, request: UInt64)])? in
            guard entry.state == nil else { return nil }
            entry.state = state
            entry.isSetAside = false
            defer {
                entry.dependents = []
                entry.remoteWaiters = []
            }
            return (entry.dependents, entry.remoteWaiters)
        }
        guard let (dependents, waiters) = waiting.flatMap(\.self) else { return }
        countRefs(in: state)
        for waiter in waiters { answer(id, state, to: waiter.address, request: waiter.request, into: &out) }
        for task in dependents { dependencyFinished(task, of: id, state, into: &out) }
        out.append(.ready(id))
        if id.index == 1, !streams.isEmpty { endStream(of: id.task, into: &out) }
        dropIfUnneeded(id, into: &out)
    }

    private mutating func countRefs(in state: ObjectState) {
        for (inner, origin) in state.countedRefs {
            makeRow(inner, origin)
            objects[inner]?.containedIn += 1
        }
    }

    /// An object of which nobody needs anything is deleted with all its copies; refs inside its value go in the same step.
    mutating func dropIfUnneeded(_ first: ObjectID, into out: inout [OwnerDirective]) {
        if hostedActor == nil {
            guard objects.with(first, { $0.isNeeded }) == false else { return }
            // Nearly all that goes: a value of this process's own on which nothing else depends.
            if objects.with(first, { [address] in $0.isPlain(of: address) }) == true, first.isPut { return objects[first] = nil }
        }
        var check = [first]
        var released: [(owner: Address, ids: [ObjectID])] = []
        while let id = check.popLast() {
            if hostedActor != nil, id.handledActor == hostedActor { settleOwnHandle(id, into: &out) }
            guard let entry = objects[id], !entry.isNeeded, entry.state != nil || entry.owner != address || !isPending(id) else { continue }
            if entry.isAskedFor, entry.state == nil { continue }  // the answer is on its way
            if id.handledActor != nil, isInUse(id) { continue }
            if entry.lineageRefs > 0 {
                check += setAside(id, into: &out)
                continue
            }
            reachedZero(id, entry, &released, into: &out)
            if entry.recovery == .kept { check += releaseLineage(id.task, into: &out) }
            for (inner, _) in entry.state?.countedRefs ?? [] {
                objects[inner]?.containedIn -= 1
                check.append(inner)
            }
        }
        for (owner, ids) in released {
            out.append(.send(.releaseBorrower(ReleaseBorrower(stamp: claims.nextStamp(), objects: ids)), to: owner))
        }
    }

    /// Nobody holds the object any more. The owner deletes its copies; a borrower gives its mark back.
    private mutating func reachedZero(
        _ id: ObjectID, _ entry: ObjectEntry, _ released: inout [(owner: Address, ids: [ObjectID])], into out: inout [OwnerDirective]
    ) {
        objects[id] = nil
        guard entry.owner != address else {
            if case .stored(let nodes, _, _, _)? = entry.state {
                for node in nodes { out.append(.send(.deleteObjects(DeleteObjects(objects: [id])), to: .raylet(of: node))) }
            }
            if let actor = id.handledActor { lastHandleGone(of: actor, into: &out) }
            return
        }
        guard let (owner, done) = claims.giveBack(id) else { return }
        if let at = released.firstIndex(where: { $0.owner == owner }) {
            released[at].ids.append(id)
        } else {
            released.append((owner, [id]))
        }
        goOn(done, into: &out)
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
    ///
    /// - Parameter former: who owned it and may still need it; nil: nobody, and the caller lets go with ``letGoAdopted(_:into:)``.
    mutating func adopt(_ moved: [MovedObject], from former: Address?, into out: inout [OwnerDirective]) {
        for object in moved {
            if objects[object.id] == nil {
                objects[object.id] = ObjectEntry(owner: address, lineage: object.lineage)
            } else if objects[object.id]?.owner != address || objects[object.id]?.isLeaving == true {
                objects[object.id]?.owner = address
                objects[object.id]?.lineage = object.lineage
                if objects[object.id]?.isLeaving == true { hasComeBack(object.id, into: &out) }
                if let (owner, done) = claims.giveBack(object.id) {
                    out.append(.send(.releaseBorrower(ReleaseBorrower(stamp: claims.nextStamp(), objects: [object.id])), to: owner))
                    goOn(done, into: &out)
                }
            }
            if let former { mark(object.id, by: former) } else { objects[object.id]?.taskRefs += 1 }
            // It may be known: from a question, or from an attempt before this one, made because another object of the task was lost.
            finishAgain(object.id, object.state, into: &out)
        }
    }

    /// What was adopted from nobody is in the values that hold it now.
    mutating func letGoAdopted(_ moved: [MovedObject], into out: inout [OwnerDirective]) {
        for object in moved { objects[object.id]?.taskRefs -= 1 }
        for object in moved { dropIfUnneeded(object.id, into: &out) }
    }
}
