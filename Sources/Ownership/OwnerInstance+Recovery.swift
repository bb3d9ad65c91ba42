package import RayflowCore

// What becomes of an object whose copies are lost: any other copy is as good, else its task runs again, after those of its lost arguments, else
// it ends with the reason. One recovery of an object at a time: while it lasts the object is unfinished, and whoever needs it waits as for any
// other. Lost copies are noticed by who needs them, so nothing is made again for nobody.
extension OwnerInstance {
    /// A reader has found no copy on these nodes.
    ///
    /// - Parameters:
    ///   - seen: ``recoveries`` when the reader looked up where to read; what was made again since is not lost with it.
    ///   - why: what the reader was told of the copies, for the error of an object that cannot be made again.
    package mutating func lose(
        _ id: ObjectID, on nodes: [NodeID], seen: UInt32, why: String = "", into out: inout [OwnerDirective]
    ) {
        guard let entry = objects[id] else { return }
        guard entry.owner == address else { return report(id, nodes, why, into: &out) }
        guard entry.state?.isStored == true, entry.recoveredAt <= seen else { return }
        removeLocations(id, nodes)
        if objects[id]?.isAvailable == false { recover(id, why: why, into: &out) }
    }

    /// Only the owner knows of other copies, or can have the object made again.
    private mutating func report(_ id: ObjectID, _ nodes: [NodeID], _ why: String, into out: inout [OwnerDirective]) {
        guard let entry = objects[id], entry.state?.isStored ?? !entry.isAskedFor else { return }
        takeValue(id, into: &out)
        hasLosses = true
        objects[id]?.isAskedFor = true
        objects[id]?.hasReportedLoss = true
        let request = nextRequest
        nextRequest += 1
        openRequests[request] = id
        let message = ObjectLost(request: request, object: id, nodes: nodes, isRepeated: entry.hasReportedLoss, why: why)
        out.append(.send(.objectLost(message), to: entry.owner))
    }

    mutating func objectLost(_ m: ObjectLost, from: Address, into out: inout [OwnerDirective]) {
        let recoveredAt = objects[m.object]?.recoveredAt ?? 0
        // The first report of a reader may be of copies that were lost before the object was made again: it is to try the present ones.
        lose(m.object, on: m.nodes, seen: m.isRepeated ? recoveredAt : 0, why: m.why, into: &out)
        getObject(GetObject(request: m.request, object: m.object), from: from, into: &out)
    }

    /// A raylet has brought a copy of its own accord.
    mutating func objectCopied(_ m: ObjectCopied, from: Address, into out: inout [OwnerDirective]) {
        guard let entry = objects[m.object], !(entry.isSetAside && entry.owner == address) else {
            return out.append(.send(.deleteObjects(DeleteObjects(objects: [m.object])), to: .raylet(of: m.node)))
        }
        if entry.owner == address { return addLocation(m.object, m.node) }
        // Handed over while the copy was on its way. Not further: ownership may go round in a circle.
        guard from.isRaylet else { return }
        out.append(.send(.objectCopied(m), to: entry.owner))
    }

    /// A raylet has dropped its copy to make room. Who is not the owner any more does nothing: the news would come out of order there, and a
    /// copy that is not where it should be is noticed.
    mutating func copyDropped(_ m: CopyDropped, from: Address) {
        guard objects[m.object]?.owner == address, from == .raylet(of: m.node) else { return }
        removeLocations(m.object, [m.node])
    }

    /// A node is gone with all its copies. Who needs an object that has no other will notice.
    mutating func copiesLost(on node: NodeID) {
        var concerned: [ObjectID] = []
        for (id, entry) in objects where entry.owner == address {
            if case .stored(let nodes, _, _, _)? = entry.state, nodes.contains(node) { concerned.append(id) }
        }
        for id in concerned { removeLocations(id, [node]) }
    }

    private mutating func removeLocations(_ id: ObjectID, _ gone: [NodeID]) {
        guard case .stored(let nodes, let size, let refs, let origins)? = objects[id]?.state else { return }
        let left = nodes.filter { !gone.contains($0) }
        objects[id]?.state = .stored(nodes: left, size: size, refs: refs, origins: origins)
        if left.isEmpty { hasLosses = true }
    }

    // MARK: Recovery

    /// Makes an object again that is set aside or has no copy left, or ends it with the reason why that cannot be.
    mutating func recover(_ id: ObjectID, why: String = "", into out: inout [OwnerDirective]) {
        // One after the other: a chain of lost objects may be longer than the stack is deep.
        recovering.append((id, why))
        guard !isRecovering else { return }
        isRecovering = true
        while let (next, why) = recovering.popLast() { makeAgain(next, why, into: &out) }
        isRecovering = false
    }

    private mutating func makeAgain(_ id: ObjectID, _ why: String, into out: inout [OwnerDirective]) {
        guard let entry = objects[id], entry.owner == address, !entry.isAvailable, entry.state != nil || entry.isSetAside else { return }
        takeValue(id, into: &out)
        objects[id]?.isSetAside = false
        guard entry.recovery == .kept, var kept = lineage[id.task] else {
            return finish(id, .failed(lossError(id, entry.recovery, why)), into: &out)
        }
        if tasks[id.task] != nil { return }  // it runs again already, for another of its results
        guard kept.retriesLeft != 0 else { return finish(id, .failed(lossError(id, .exhausted, why)), into: &out) }
        if kept.retriesLeft > 0 { kept.retriesLeft -= 1 }
        kept.spec.attempt.number += 1
        kept.spec.sequence = kept.spec.kind == .actorCall ? TaskSpec.unordered : kept.spec.sequence
        lineage.update(kept.spec, retriesLeft: kept.retriesLeft)
        runAgain(kept, into: &out)
    }

    private mutating func runAgain(_ kept: LineageTable.Entry, into out: inout [OwnerDirective]) {
        let id = kept.spec.id
        var entry = TaskEntry(
            spec: kept.spec, state: .queued, retriesLeft: kept.retriesLeft, fingerprint: [], dependencies: kept.dependencies)
        carry(kept.carried, in: &entry, into: &out)
        entry.parent = kept.parent
        entry.isAgain = true
        var missing: [ObjectID] = []
        for object in kept.dependencies {
            if objects[object] == nil { objects[object] = forgotten(object) }
            objects[object]?.taskRefs += 1
            if objects.with(object, { $0.isAvailable }) == true { continue }
            objects[object]?.dependents.append(id)
            missing.append(object)
        }
        entry.state = .waiting(missing.count)
        tasks[id] = entry
        tell(kept.spec, isReported: false, .retrying(ErrorRecord(.objectLost, "a result of it was lost")), into: &out)
        for object in kept.dependencies {
            if case .failed(let record)? = objects[object]?.state { return fail(id, record, into: &out) }
        }
        if missing.isEmpty { return goOn(id, into: &out) }
        for object in missing { watch(object, into: &out) }
    }

    /// All that a task waited for is there.
    mutating func goOn(_ id: TaskID, into out: inout [OwnerDirective]) {
        guard tasks[id]?.spec.kind == .actorCall else { return enqueue(id, into: &out) }
        // Outside of the order of calls. While the actor is away it waits among those that were in flight.
        tasks[id]?.state = .pausing
        actors[id.actor, default: ActorLine()].open += 1
        actors[id.actor]?.sent.insert(id)
        if case .dead(let error)? = actors[id.actor]?.state {
            if actors[id.actor]?.mayComeBack == true { return bringBack(id.actor, into: &out) }
            return fail(id, error, into: &out)
        }
        callAgain(id, into: &out)
    }

    /// The value is not there (any more), and with it go the refs in it.
    mutating func takeValue(_ id: ObjectID, into out: inout [OwnerDirective]) {
        let inner = objects[id]?.state?.countedRefs ?? []
        objects[id]?.state = nil
        for (ref, _) in inner {
            objects[ref]?.containedIn -= 1
            dropIfUnneeded(ref, into: &out)
        }
    }

    /// - Parameter loss: what became of the last copy, if anybody has told.
    private func lossError(_ id: ObjectID, _ recovery: ObjectEntry.Recovery, _ loss: String) -> ErrorRecord {
        let (reason, why): (LossReason, String) =
            switch recovery {
            case .kept, .exhausted: (.maxAttempts, "its task has used up its retries")
            case .evicted: (.lineageEvicted, "its task is no longer kept, for this process keeps \(lineageLimit) bytes of them")
            case .disabled: (.retriesDisabled, "its task may not run again")
            case .none where id.index >= ObjectID.firstPut: (.put, "it was put, not computed")
            case .none where id.index > 1: (.retriesDisabled, "items of streams are not made again")
            case .none: (.borrowed, "the process that made it has handed it over")
            }
        let text = "every copy of object \(id) is lost, and it cannot be made again: \(why)\(loss.isEmpty ? "" : " (\(loss))")"
        return ErrorRecord(recovery == .evicted ? .lineageEvicted : .objectLost, text, reason: reason)
    }

    // MARK: Keeping

    /// A task has ended, and its results are not finished yet: if one of them lies in shared memory, the task is kept.
    mutating func keepLineage(of entry: TaskEntry, _ states: [ObjectState], into out: inout [OwnerDirective]) {
        guard states.hasStored else { return }
        let spec = entry.spec
        let isKnown = lineage[spec.id] != nil
        if isKnown { lineage.update(spec, retriesLeft: entry.retriesLeft) }
        let recovery = recovery(of: entry)
        var results = 0
        for (object, state) in zip(spec.results, states) where state.isStored {
            guard let row = objects[object], row.recovery != .kept else { continue }
            objects[object]?.recovery = isKnown ? .kept : recovery
            if isKnown { lineage.hold(spec.id) }
            results += 1
        }
        guard !isKnown, recovery == .kept, results > 0 else { return }
        var bytes = spec.keptBytes
        // An actor does not live for the sake of a task that may run again.
        let carried = entry.carried.filter { $0.handledActor == nil }
        for object in carried { objects[object]?.lineageRefs += 1 }
        for object in entry.dependencies {
            objects[object]?.lineageRefs += 1
            if case .inline(let enclosed)? = objects[object]?.state { bytes += enclosed.payload.bytes.count }
        }
        lineage.insert(
            .init(
                spec: spec, retriesLeft: entry.retriesLeft, dependencies: entry.dependencies, carried: carried, parent: entry.parent,
                results: results, bytes: bytes))
        callKept(spec)
        while lineage.bytes > lineageLimit, let oldest = lineage.removeOldest() {
            for object in oldest.spec.results where objects[object]?.recovery == .kept { objects[object]?.recovery = .evicted }
            letGo(oldest, into: &out)
        }
    }

    private func recovery(of entry: TaskEntry) -> ObjectEntry.Recovery {
        let options = entry.spec.sharedOptions.value
        let isRepeatable = entry.spec.kind == .function || entry.spec.kind == .actorCall
        guard isRepeatable, options.streamWindow == 0, !options.hasSideEffects, options.maxRetries != 0 else { return .disabled }
        if entry.retriesLeft != 0 { return .kept }
        let allowed = options.maxRetries == SpecOptions.asActor ? actors[entry.spec.id.actor]?.maxTaskRetries ?? 0 : options.maxRetries
        return allowed == 0 ? .disabled : .exhausted
    }

    /// A row that counted on a kept task is gone. Gives the objects that are needed less now.
    mutating func releaseLineage(_ task: TaskID, into out: inout [OwnerDirective]) -> [ObjectID] {
        guard let entry = lineage.release(task) else { return [] }
        for object in entry.needed { objects[object]?.lineageRefs -= 1 }
        callForgotten(entry.spec, into: &out)
        return entry.needed
    }

    private mutating func letGo(_ entry: LineageTable.Entry, into out: inout [OwnerDirective]) {
        for object in entry.needed { objects[object]?.lineageRefs -= 1 }
        for object in entry.needed { dropIfUnneeded(object, into: &out) }
        callForgotten(entry.spec, into: &out)
    }

    /// Nobody needs the value, but a kept task would need it to run again: a large one is freed and made again if it comes to that. Gives the
    /// refs that were in it.
    mutating func setAside(_ id: ObjectID, into out: inout [OwnerDirective]) -> [ObjectID] {
        guard let entry = objects[id], let state = entry.state, case .stored(let nodes, _, _, _) = state else { return [] }
        if entry.owner == address {
            for node in nodes { out.append(.send(.deleteObjects(DeleteObjects(objects: [id])), to: .raylet(of: node))) }
        }
        objects[id]?.state = nil
        objects[id]?.isSetAside = true
        objects[id]?.isAskedFor = false
        let inner = state.countedRefs.map(\.id)
        for ref in inner { objects[ref]?.containedIn -= 1 }
        return inner
    }

    /// A task that has run again gives all its results again: those that were not lost have one more copy, those of which nobody knows are
    /// freed.
    mutating func finishAgain(_ id: ObjectID, _ state: ObjectState, into out: inout [OwnerDirective]) {
        if let entry = objects[id], entry.state == nil {
            objects[id]?.recoveredAt = recoveries
            return finish(id, state, into: &out)
        }
        guard case .stored(let nodes, _, _, _) = state else { return }
        for node in nodes {
            if objects[id]?.state?.isStored == true {
                addLocation(id, node)
            } else {
                out.append(.send(.deleteObjects(DeleteObjects(objects: [id])), to: .raylet(of: node)))
            }
        }
    }

    // MARK: Tasks that are ready to run

    /// Something that the task needs was lost while it waited for a worker: it waits for that first, or ends with it.
    mutating func isHeldUp(_ id: TaskID, into out: inout [OwnerDirective]) -> Bool {
        let needed = tasks.with(id) { $0.dependencies } ?? []
        let missing = needed.filter { objects.with($0, { $0.isAvailable }) != true }
        for object in needed {
            guard case .failed(let record)? = objects[object]?.state else { continue }
            fail(id, record, into: &out)
            return true
        }
        guard !missing.isEmpty, let key = tasks[id]?.key else { return false }
        _ = queues[key]?.ready.popFirst()
        tasks[id]?.state = .waiting(missing.count)
        for object in missing { objects[object]?.dependents.append(id) }
        for object in missing { watch(object, into: &out) }
        return true
    }
}

extension [ObjectState] {
    var hasStored: Bool { contains(where: \.isStored) }
}
