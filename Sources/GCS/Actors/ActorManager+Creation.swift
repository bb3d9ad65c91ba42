import RayflowCore

// From a registration to a living process: history, lease, constructor.
extension ActorManager {
    /// The first step of every incarnation.
    mutating func begin(_ id: ActorID, nodes: inout NodeManager, into out: inout [GCSDirective]) {
        guard let entry = actors[id], !entry.isDead else { return }
        if entry.isDurable {
            actors[id]?.stage = .loading
            out.append(.loadActorHistory(id, entry.spec.lineage))
        } else {
            create(id, nodes: &nodes, into: &out)
        }
    }

    mutating func historyLoaded(_ id: ActorID, _ calls: [LoggedCall], nodes: inout NodeManager, into out: inout [GCSDirective]) -> Bool {
        guard let entry = actors[id], entry.stage == .loading else { return false }
        actors[id]?.replay = calls
        if entry.incarnation == 1, !calls.isEmpty, entry.subscribers.isEmpty {
            actors[id]?.stage = .dormant
        } else {
            create(id, nodes: &nodes, into: &out)
        }
        return true
    }

    mutating func historyFailed(_ id: ActorID, _ error: ErrorRecord, into out: inout [GCSDirective]) -> Bool {
        guard let entry = actors[id], entry.stage == .loading else { return false }
        die(id, died(entry, "the calls to run again cannot be read: \(error.message)", error), into: &out)
        return true
    }

    /// Asks the best raylet for a worker.
    mutating func create(_ id: ActorID, nodes: inout NodeManager, into out: inout [GCSDirective]) {
        guard let entry = actors[id] else { return }
        actors[id]?.stage = .waiting
        if nodes.reachable.isEmpty { return }  // goes on when a node joins or comes back
        let spot: Spot
        do throws(ErrorRecord) { spot = try self.spot(for: entry.spec.options, nodes: &nodes) } catch {
            if nodes.mayComeBack(for: entry.spec.options.resources) { return }
            return die(id, error, into: &out)
        }
        guard case .at(let raylet, let strategy) = spot else { return }
        let lease = ActorEntry.Lease(id: LeaseID(owner: 0, number: nextLease), raylet: raylet, hops: 0, strategy: strategy)
        nextLease += 1
        byLease[lease.id] = id
        ask(id, lease, into: &out)
    }

    mutating func ask(_ id: ActorID, _ lease: ActorEntry.Lease, into out: inout [GCSDirective]) {
        guard let entry = actors[id] else { return }
        actors[id]?.stage = .leasing(lease)
        var needed: [Dependency] = []
        for dependency in entry.resolved {
            if case .stored(let nodes, let size, _, _) = dependency.state {
                needed.append(Dependency(id: dependency.id, owner: dependency.owner, nodes: nodes, size: size))
            }
        }
        let options = entry.spec.options
        out.append(
            .send(
                .requestLease(
                    RequestLease(
                        lease: lease.id, attempt: entry.attempt, job: entry.leasingJob, kind: .actor, resources: options.resources,
                        priority: options.priority, dependencies: needed, hops: lease.hops, backlog: 0, strategy: lease.strategy,
                        environment: options.environment)),
                to: lease.raylet))
    }

    /// A node has joined, or a placement group has its bundles.
    mutating func createWaiting(nodes: inout NodeManager, into out: inout [GCSDirective]) {
        for id in sorted(where: { $0.stage == .waiting }) { create(id, nodes: &nodes, into: &out) }
    }

    // MARK: Answers of raylets and workers

    /// The actor that a message about a lease belongs to; nil for a lease of the past.
    func actor(of lease: LeaseID) -> ActorEntry? {
        guard let id = byLease[lease], let entry = actors[id], entry.lease?.id == lease else { return nil }
        return entry
    }

    mutating func granted(_ m: LeaseGranted, into out: inout [GCSDirective]) {
        let raylet = Address.raylet(of: m.node)
        let entry = actor(of: m.lease)
        if let entry, case .leasing(var lease) = entry.stage {
            lease.raylet = raylet
            actors[entry.id]?.stage = .creating(lease, worker: m.worker)
            return push(entry, m.lease, to: m.worker, into: &out)
        }
        // Nobody wants it any more, or two raylets have heard of the request.
        if entry?.lease?.raylet != raylet {
            out.append(.send(.returnLease(ReturnLease(lease: m.lease, workerFailed: true)), to: raylet))
        }
    }

    /// The constructor; a worker that has it already answers again.
    func push(_ entry: ActorEntry, _ lease: LeaseID, to worker: Address, into out: inout [GCSDirective]) {
        var spec = entry.spec
        spec.attempt = entry.attempt
        out.append(
            .send(.pushTask(PushTask(lease: lease, spec: spec, resolved: entry.resolved, history: [], replay: entry.replay)), to: worker))
    }

    mutating func spilled(_ m: LeaseSpillback, from: Address, nodes: inout NodeManager, into out: inout [GCSDirective]) -> Bool {
        guard let entry = actor(of: m.lease), case .leasing(var lease) = entry.stage, from == lease.raylet else { return false }
        guard nodes.isAlive(m.raylet.nodeID), m.raylet.isRaylet else {
            forgetLease(of: entry.id)
            create(entry.id, nodes: &nodes, into: &out)
            return true
        }
        lease.raylet = m.raylet
        lease.hops = lease.hops == .max ? .max : lease.hops + 1
        ask(entry.id, lease, into: &out)
        return true
    }

    mutating func rejected(_ m: LeaseRejected, from: Address, into out: inout [GCSDirective]) -> Bool {
        guard let entry = actor(of: m.lease), case .leasing(let lease) = entry.stage, from == lease.raylet else { return false }
        // A worker that would not start counts as a life; anything else would fail again.
        let isSystemFailure = m.error.code == .workerCrashed || m.error.code == .outOfMemory || m.error.code == .cancelled
        forgetLease(of: entry.id)
        if !m.lost.isEmpty {
            // The constructor asks the owners of its lost arguments, who have them made again or say why not.
            actors[entry.id]?.resolved.removeAll { argument in m.lost.contains { $0.object == argument.id } }
            let again = ActorEntry.Lease(
                id: LeaseID(owner: 0, number: nextLease), raylet: lease.raylet, hops: lease.hops, strategy: lease.strategy)
            nextLease += 1
            byLease[again.id] = entry.id
            ask(entry.id, again, into: &out)
        } else if isSystemFailure {
            ended(entry.id, m.error, into: &out)
        } else if m.error.code.isForGood {
            die(entry.id, m.error, into: &out)
        } else {
            die(entry.id, died(entry, "it could not be created: \(m.error.message)", m.error), into: &out)
        }
        return true
    }

    mutating func replied(_ m: TaskReply, from: Address, into out: inout [GCSDirective]) -> Bool {
        guard let entry = actor(of: m.lease), case .creating(let lease, let worker) = entry.stage, worker == from,
            m.task == entry.spec.id, m.attempt == entry.attempt
        else { return false }
        switch m.outcome {
        case .finished:
            actors[entry.id]?.stage = .alive(lease, worker: worker)
            actors[entry.id]?.failedStarts = 0
            actors[entry.id]?.lastError = nil
            actors[entry.id]?.replay = []
            publish(entry.id, into: &out)
            if entry.ending != nil { askToEnd(entry.id, worker, into: &out) }
        case .failed(let error, _):
            // An actor that cannot be built is not built again: its constructor would fail again.
            die(entry.id, died(entry, "its constructor failed: \(error.message)", error), into: &out)
        case .cancelled:
            die(entry.id, died(entry, "its constructor was cancelled", nil), into: &out)
        case .stale: return false
        }
        return true
    }

    mutating func lost(_ m: LeaseLost, into out: inout [GCSDirective]) -> Bool {
        guard let entry = actor(of: m.lease) else { return false }
        switch entry.stage {
        // Of the grant that was given back, as another raylet had granted it, too.
        case .creating(_, let worker) where worker != m.worker, .alive(_, let worker) where worker != m.worker: return false
        default: ended(entry.id, m.error, into: &out)
        }
        return true
    }

    func died(_ entry: ActorEntry, _ cause: String, _ error: ErrorRecord?) -> ErrorRecord {
        var record = ErrorRecord(.actorDied, "actor \(entry.displayName) is dead: \(cause)")
        record.task = entry.displayName
        record.attempt = Int(entry.incarnation)
        record.node = error?.node
        record.remoteType = error?.remoteType
        record.log = error?.log
        record.typed = error?.typed
        record.chain = error.map { $0.chain.isEmpty ? $0.description : $0.description + "\n" + $0.chain } ?? ""
        return record
    }
}
