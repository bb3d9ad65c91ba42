package import RayflowCore

// Whom to ask for a worker: the raylet at home, or the one with the bundle.
extension OwnerInstance {
    struct Target {
        var raylet: Address
        /// As the raylet is to know it: with the bundle that was chosen.
        var strategy: SchedulingStrategy
    }

    /// Nil while there is nobody to ask: the placement group has not all its bundles.
    mutating func target(for key: SchedulingKey, into out: inout [OwnerDirective]) -> Target? {
        switch key.strategy {
        case .hybrid, .labels, .spread, .node: return Target(raylet: raylet, strategy: key.strategy)
        case .bundle(let group, let index, let captures):
            watchGroup(group, into: &out)
            guard let view = groups[group], view.state == .created, !view.isDoubted, let chosen = bundle(of: group, index, view, key) else {
                return nil
            }
            guard let node = view.bundles[chosen].node else { return nil }
            return Target(
                raylet: .raylet(of: node), strategy: .bundle(of: group, index: UInt32(chosen), capturesChildren: captures))
        }
    }

    // MARK: Placement groups

    /// The bundle that fits and that fewest leases of this owner use.
    private func bundle(of group: PlacementGroupID, _ index: UInt32?, _ view: GroupView, _ key: SchedulingKey) -> Int? {
        let fitting = view.bundles.indices.filter {
            (index.map(Int.init) ?? $0) == $0 && key.resources.fits(in: view.bundles[$0].resources)
        }
        if fitting.count < 2 { return fitting.first }
        var users: [Int: Int] = [:]
        for lease in leases.values {
            if case .bundle(group, let index?, _) = lease.strategy { users[Int(index), default: 0] += 1 }
        }
        return fitting.min { (users[$0] ?? 0, $0) < (users[$1] ?? 0, $1) }
    }

    /// Why a task of this key can never have a worker from its group.
    private func fault(of key: SchedulingKey, _ group: PlacementGroupID, _ view: GroupView) -> ErrorRecord? {
        if view.state == .removed { return view.error ?? ErrorRecord(.placementGroupRemoved, "placement group \(group) was removed") }
        guard view.state == .created, bundle(of: group, key.strategy.bundleIndex, view, key) == nil else { return nil }
        if let index = key.strategy.bundleIndex, index >= view.bundles.count {
            return ErrorRecord(
                .unschedulable, "placement group \(group) has bundles 0 to \(view.bundles.count - 1), and no bundle \(index)")
        }
        return ErrorRecord(.unschedulable, "needs \(key.resources), but no bundle of \(key.strategy) has that")
    }

    /// Makes a placement group. At once; what becomes of it shows in ``ready(_:_:into:)`` and in the tasks that use it.
    package mutating func createGroup(
        _ group: PlacementGroupID, name: String, strategy: PlacementStrategy, bundles: [ResourceSet], into out: inout [OwnerDirective]
    ) {
        groups[group] = GroupView(bundles: bundles.map { PlacedBundle(resources: $0, node: nil) })
        let creation = CreatePlacementGroup(group: group, name: name, strategy: strategy, bundles: bundles)
        gcs.groups[group] = creation
        out.append(.send(.createPlacementGroup(creation), to: .gcs))
    }

    package mutating func removeGroup(_ group: PlacementGroupID, into out: inout [OwnerDirective]) {
        if groups[group]?.state != .removed, gcs.removals.count < Limits.keptKills { gcs.removals.insert(group) }
        out.append(.send(.removePlacementGroup(RemovePlacementGroup(group: group)), to: .gcs))
    }

    /// What is known of a group here; nil before the first word of it.
    package func group(_ id: PlacementGroupID) -> (state: PlacementGroupState, bundles: [PlacedBundle])? {
        groups[id].map { ($0.state, $0.bundles) }
    }

    /// An object of this owner that is `value` as soon as the group has all its bundles, and a failure when it is removed before.
    package mutating func ready(_ group: PlacementGroupID, as id: ObjectID, _ value: Payload, into out: inout [OwnerDirective]) {
        var entry = ObjectEntry(owner: address, lineage: .none)
        entry.localRefs = 1
        objects[id] = entry
        readyValue = value
        watchGroup(group, into: &out)
        groups[group]?.awaiting.append(id)
        if let view = groups[group] { answerAwaiting(group, view, into: &out) }
    }

    private mutating func watchGroup(_ group: PlacementGroupID, into out: inout [OwnerDirective]) {
        guard groups[group] == nil else { return }
        groups[group] = GroupView()
        out.append(.send(.subscribePlacementGroup(SubscribePlacementGroup(group: group)), to: .gcs))
    }

    mutating func groupChanged(_ m: PlacementGroupUpdate, into out: inout [OwnerDirective]) {
        gcs.groups[m.group] = nil
        if m.state == .removed { gcs.removals.remove(m.group) }
        guard let old = groups[m.group], m.version > old.version || m.version == old.version && old.isDoubted else { return }
        var view = GroupView(version: m.version, state: m.state, bundles: m.bundles, error: m.error)
        view.awaiting = old.awaiting
        groups[m.group] = view
        answerAwaiting(m.group, view, into: &out)
        for key in Array(queues.keys) where key.strategy.group == m.group {
            if let fault = fault(of: key, m.group, view) { doom(key, fault, into: &out) }
            serve(key, into: &out)
        }
        if m.state == .removed { forgetGroup(m.group) }
    }

    private mutating func answerAwaiting(_ group: PlacementGroupID, _ view: GroupView, into out: inout [OwnerDirective]) {
        let state: ObjectState
        switch view.state {
        case .created: state = .inline(EnclosedPayload(readyValue))
        case .removed: state = .failed(view.error ?? ErrorRecord(.placementGroupRemoved, "placement group \(group) was removed"))
        case .pending, .rescheduling: return
        }
        groups[group]?.awaiting = []
        for id in view.awaiting { finish(id, state, into: &out) }
    }

    /// Of removed groups the last ones are remembered: whoever asks for another is told by the GCS.
    private mutating func forgetGroup(_ group: PlacementGroupID) {
        removedGroups.append(group)
        guard removedGroups.count > 2 * Limits.removedGroups else { return }
        for old in removedGroups.prefix(Limits.removedGroups) { groups[old] = nil }
        removedGroups.removeFirst(Limits.removedGroups)
    }

    /// The tasks of a key can never have a worker.
    mutating func doom(_ key: SchedulingKey, _ error: ErrorRecord, into out: inout [OwnerDirective]) {
        var doomed: [TaskID] = []
        while let id = queues[key]?.ready.popFirst() { doomed.append(id) }
        for id in doomed where tasks[id]?.state == .queued { fail(id, error, into: &out) }
    }

    /// Before a key is served: its tasks end if there can never be a worker.
    mutating func doomIfHopeless(_ key: SchedulingKey, into out: inout [OwnerDirective]) {
        guard let group = key.strategy.group, let view = groups[group], let fault = fault(of: key, group, view) else { return }
        doom(key, fault, into: &out)
    }

    /// A node is gone: nothing is asked of its bundles until the GCS has said where they are.
    mutating func nodeLost(_ node: NodeID, into out: inout [OwnerDirective]) {
        for (group, view) in groups.sorted(by: { $0.key.unique < $1.key.unique })
        where !view.isDoubted && view.state == .created && view.bundles.contains(where: { $0.node == node }) {
            groups[group]?.isDoubted = true
            out.append(.startTimer(.doubtedGroup(group), afterNS: Limits.doubtedGroupNS))
        }
    }

    mutating func askAgain(_ group: PlacementGroupID, into out: inout [OwnerDirective]) {
        guard groups[group]?.isDoubted == true else { return }
        out.append(.send(.subscribePlacementGroup(SubscribePlacementGroup(group: group)), to: .gcs))
    }

    // MARK: Why is this pending

    /// Why a task has not started, as far as its owner knows.
    package enum Explanation: Hashable, Sendable {
        case reason(PendingReason)
        /// The raylet that was asked for a worker knows.
        case ask(LeaseID, raylet: Address)
        case runs
    }

    /// Nil for an object that no unfinished task of this owner makes, nor a placement group.
    package func explain(_ object: ObjectID) -> Explanation? {
        guard let entry = tasks[object.task] else {
            return groups.first { $0.value.awaiting.contains(object) }.map { .reason($0.value.reason($0.key)) }
        }
        switch entry.state {
        case .waiting: return .reason(.dependencies(entry.dependencies.filter { objects[$0]?.state == nil }))
        case .pausing: return .reason(.retryPause)
        case .loading, .persisting, .committing, .pushed: return .runs
        case .inActorLine: return explainCall(object.task, entry)
        case .queued: return explainQueued(object.task, entry.key)
        }
    }

    private func explainCall(_ task: TaskID, _ entry: TaskEntry) -> Explanation {
        if isSent(task) { return .runs }
        let missing = entry.dependencies.filter { objects[$0]?.state == nil }
        if !missing.isEmpty { return .reason(.dependencies(missing)) }
        switch actors[task.actor]?.state {
        case .alive?: return .reason(.behindOwn(actors[task.actor]?[entry.spec.group].unsent[entry.caller]?.count ?? 1))
        case .restarting?: return .reason(.actor(.restarting))
        default: return .reason(.actor(.pending))
        }
    }

    private func explainQueued(_ task: TaskID, _ key: SchedulingKey) -> Explanation {
        if let group = key.strategy.group, let view = groups[group], view.state != .created {
            return .reason(view.reason(group))
        }
        guard let queue = queues[key] else { return .reason(.workerStarts) }
        let ahead = queue.ready.position(of: task) ?? 0
        if ahead < queue.requested.count || ahead == 0, let lease = queue.requested.dropFirst(ahead).first ?? queue.requested.first,
            let raylet = leases[lease]?.raylet
        {
            return .ask(lease, raylet: raylet)
        }
        return .reason(.behindOwn(ahead))
    }
}

extension SchedulingStrategy {
    fileprivate var bundleIndex: UInt32? { if case .bundle(_, let index, _) = self { index } else { nil } }
}
