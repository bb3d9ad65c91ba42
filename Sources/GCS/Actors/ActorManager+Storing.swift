import RayflowCore

extension ActorManager {
    mutating func takeChanges(_ publisher: inout Publisher, isStored: Bool) -> [StoreChange] {
        var changes: [StoreChange] = []
        for id in actors.takeTouched() {
            let key = RowKey.actor(id)
            guard let entry = actors[id] else {
                publisher.publish(.actor, key: key, row: nil)
                changes.append(StoreChange(table: .actor, key: key, value: nil))
                changes.append(StoreChange(table: .actorSpec, key: key, value: nil))
                continue
            }
            let row = ActorRow(entry)
            if row != entry.told {
                actors.note(id) { $0.told = row }
                publisher.publish(.actor, key: key, row: row.encoded)
            }
            guard isStored else { continue }
            let record = ActorRecord(entry)
            if record == entry.stored { continue }
            // The spec changes when the actor is dead, for its arguments go, and when it comes back with them.
            if entry.stored == nil || entry.isDead || entry.stored?.isDead == true {
                changes.append(StoreChange(table: .actorSpec, key: key, value: Self.spec(of: entry)))
            }
            actors.note(id) { $0.stored = record }
            changes.append(StoreChange(table: .actor, key: key, value: RowKey.of { record.write(to: &$0) }))
        }
        return changes
    }

    private static func spec(of entry: ActorEntry) -> [UInt8] {
        RowKey.of { w in
            w.spec(entry.spec)
            w.actorOptions(entry.options)
            w.list(entry.resolved) { $0.resolved($1) }
        }
    }

    // MARK: A restarted GCS

    /// The table as it was stored. What was pending goes on when its node is back; see ``reconcile(_:_:nodes:into:)``.
    mutating func restore(_ records: [[UInt8]: [UInt8]], specs: [[UInt8]: [UInt8]], into out: inout [GCSDirective]) throws(DecodingFault) {
        var found: [ActorEntry] = []
        for (key, bytes) in records {
            guard let specBytes = specs[key] else { throw DecodingFault("an actor without a spec", at: 0) }
            var s = ByteReader(specBytes), r = ByteReader(bytes), k = ByteReader(key)
            let spec = try s.spec(), options = try s.actorOptions()
            let resolved = try s.list(unit: 29) { (r) throws(DecodingFault) in try r.resolved() }
            let record = try ActorRecord(from: &r)
            var entry = ActorEntry(
                id: try k.actor(), spec: spec, options: options, resolved: resolved, stage: .waiting, restartsLeft: record.restartsLeft)
            switch record.stage {
            case .pending: entry.stage = .pausing
            case .leasing(let lease): entry.stage = .leasing(lease)
            case .creating(let lease, let worker): entry.stage = .creating(lease, worker: worker)
            case .alive(let lease, let worker): entry.stage = .alive(lease, worker: worker)
            case .dead(let error): entry.stage = .dead(error)
            }
            entry.incarnation = record.incarnation
            entry.failedStarts = record.failedStarts
            entry.lastError = record.lastError
            entry.aliases = record.aliases
            entry.ending = record.ending
            entry.comebacks = record.comebacks
            entry.stored = record
            entry.told = ActorRow(entry)
            found.append(entry)
        }
        for entry in found.sorted(by: { $0.id < $1.id }) {
            actors[entry.id] = entry
            for alias in entry.aliases { aliases[alias] = entry.id }
            if let lease = entry.lease { byLease[lease.id] = entry.id }
            if entry.isDead {
                remember(dead: entry.id)
                continue
            }
            if let name = ActorName(entry.options), entry.comebacks == 0 { names[name] = entry.id }
            if entry.stage == .pausing { out.append(.startTimer(.restartActor(entry.id, incarnation: entry.incarnation), afterNS: 0)) }
        }
        _ = actors.takeTouched()
    }

    /// A raylet is there (again) and says which leases it keeps for the GCS: those that nobody wants are given back, those that are gone have
    /// ended, and what was asked for before is asked for once more, since the answer may be lost.
    mutating func reconcile(_ raylet: Address, _ kept: [LeaseID], nodes: inout NodeManager, into out: inout [GCSDirective]) {
        let kept = Set(kept)
        for lease in kept.sorted(by: { $0.number < $1.number }) where actor(of: lease)?.lease?.raylet != raylet {
            out.append(.send(.returnLease(ReturnLease(lease: lease, workerFailed: true)), to: raylet))
        }
        let error = ErrorRecord(.workerCrashed, "the actor's process is gone", node: "\(raylet.nodeID)")
        for id in sorted(where: { $0.lease?.raylet == raylet }) {
            guard let entry = actors[id], let lease = entry.lease else { continue }
            switch entry.stage {
            case .leasing where entry.isDurable, .creating where entry.isDurable:
                // The logged calls that are to be run again are not stored here: the incarnation begins again.
                out.append(.send(.returnLease(ReturnLease(lease: lease.id, workerFailed: true)), to: raylet))
                forgetLease(of: id)
                begin(id, nodes: &nodes, into: &out)
            case .leasing: ask(id, lease, into: &out)
            case .creating(_, let worker):
                if kept.contains(lease.id) { push(entry, lease.id, to: worker, into: &out) } else { ended(id, error, into: &out) }
            case .alive(_, let worker):
                if !kept.contains(lease.id) {
                    ended(id, error, into: &out)
                } else if entry.ending != nil {
                    askToEnd(id, worker, into: &out)
                }
            case .loading, .dormant, .waiting, .pausing, .dead: break
            }
        }
    }
}
