import RayflowCore

// Bundles of placement groups: set aside in one phase, usable after the other, and what leases draw from them.
extension RayletInstance {
    mutating func reserve(_ m: ReserveBundles, from: Address, into out: inout [RayletDirective]) {
        guard from.isGCS else { return counters.unexpected += 1 }
        out.append(
            .send(
                .bundlesReserved(
                    BundlesReserved(group: m.group, attempt: m.attempt, node: node, isReserved: reserveAll(m))), to: from))
    }

    /// All or none. An attempt that is settled reserves nothing any more: its message was late.
    private mutating func reserveAll(_ m: ReserveBundles) -> Bool {
        guard !isFenced, !endedJobs.contains(m.group.job), settledGroups[m.group] ?? 0 < m.attempt else { return false }
        let ids = m.bundles.map { BundleID(group: m.group, index: $0.index) }
        if !ids.isEmpty, ids.allSatisfy({ bundles[$0]?.attempt == m.attempt }) {
            counters.duplicates += 1
            return true
        }
        guard !available.hasDebt, Set(ids).count == ids.count, ids.allSatisfy({ bundles[$0] == nil }),
            m.bundles.allSatisfy({ $0.resources.isPlausible })
        else { return false }
        var left = available
        for bundle in m.bundles {
            guard bundle.resources.fits(in: left) else { return false }
            left -= bundle.resources
        }
        available = left
        for (id, bundle) in zip(ids, m.bundles) {
            bundles[id] = Bundle(total: bundle.resources, available: bundle.resources, attempt: m.attempt, isCommitted: m.commits)
        }
        groups[m.group, default: []] += ids
        return true
    }

    mutating func settleBundles(_ m: SettleBundles, from: Address, into out: inout [RayletDirective]) {
        guard from.isGCS else { return counters.unexpected += 1 }
        switch m.verdict {
        case .commit:
            for id in groups[m.group] ?? [] where bundles[id]?.attempt == m.attempt { bundles[id]?.isCommitted = true }
        case .rollBack:
            rememberSettled(m.group, m.attempt)
            removeBundles(of: m.group) { $0.attempt == m.attempt && !$0.isCommitted }
        case .remove:
            rememberSettled(m.group, .max)
            endGroup(m.group, Self.removalError(m.group), into: &out)
        }
        out.append(.send(.bundlesSettled(BundlesSettled(settled: m)), to: from))
    }

    static func removalError(_ group: PlacementGroupID) -> ErrorRecord {
        ErrorRecord(.placementGroupRemoved, "placement group \(group) was removed")
    }

    /// Its leases end, then its bundles go back to what is free.
    private mutating func endGroup(_ group: PlacementGroupID, _ error: ErrorRecord, into out: inout [RayletDirective]) {
        guard groups[group] != nil else { return }
        for (id, entry) in sortedLeases where entry.request.strategy.group == group {
            if case .granted(_, let worker) = entry.state {
                out.append(.send(.leaseLost(LeaseLost(lease: id, worker: worker, error: error)), to: entry.requester))
                end(id, kill: .groupRemoved, confirm: false, now: 0, into: &out)
            } else {
                reject(id, error, into: &out)
            }
        }
        removeBundles(of: group) { _ in true }
    }

    mutating func endGroups(of job: JobID, into out: inout [RayletDirective]) {
        for group in groups.keys.filter({ $0.job == job }).sorted(by: { $0.unique < $1.unique }) {
            rememberSettled(group, .max)
            endGroup(group, Self.removalError(group), into: &out)
        }
    }

    /// What processes that are still ending hold of a bundle comes back to the node with their end.
    private mutating func removeBundles(of group: PlacementGroupID, where isMeant: (Bundle) -> Bool) {
        for id in groups[group] ?? [] {
            guard let bundle = bundles[id], isMeant(bundle) else { continue }
            available += bundle.available
            bundles[id] = nil
        }
        groups[group]?.removeAll { bundles[$0] == nil }
        if groups[group]?.isEmpty == true { groups[group] = nil }
    }

    private mutating func rememberSettled(_ group: PlacementGroupID, _ attempt: UInt64) {
        if settledGroups[group] == nil { settledInOrder.append(group) }
        settledGroups[group] = max(settledGroups[group] ?? 0, attempt)
        guard settledInOrder.count - settledHead > SchedulerLimits.rememberedGroups else { return }
        settledGroups[settledInOrder[settledHead]] = nil
        settledHead += 1
        if settledHead > SchedulerLimits.rememberedGroups {
            settledInOrder.removeFirst(settledHead)
            settledHead = 0
        }
    }

    // MARK: Bookings

    mutating func book(_ booking: Booking) {
        draw(booking.resources, from: booking.bundle)
        if let devices = booking.devices { self.devices.take(devices) }
    }

    mutating func unbook(_ booking: Booking) {
        putBack(booking.resources, to: booking.bundle)
        if let devices = booking.devices { self.devices.giveBack(devices) }
    }

    mutating func draw(_ resources: ResourceSet, from bundle: BundleID?) {
        guard let bundle, bundles[bundle] != nil else { return available -= resources }
        bundles[bundle]?.available -= resources
    }

    mutating func putBack(_ resources: ResourceSet, to bundle: BundleID?) {
        guard let bundle, bundles[bundle] != nil else { return available += resources }
        bundles[bundle]?.available += resources
    }

    /// Where a request stays that names a bundle: here, or nowhere.
    mutating func placeInBundle(_ id: LeaseID, _ asked: RequestLease, into out: inout [RayletDirective]) {
        guard let bundle = asked.bundle, let held = bundles[bundle] else {
            return reject(id, Self.removalError(asked.strategy.group ?? PlacementGroupID(unique: 0, job: asked.job)), into: &out)
        }
        guard asked.resources.fits(in: held.total) else {
            return reject(
                id, ErrorRecord(.unschedulable, "needs \(asked.resources), but bundle \(bundle) has \(held.total)"), into: &out)
        }
        guard asked.kind != .step || stepHost != .none else {
            return reject(id, ErrorRecord(.unschedulable, "no step runner on node \(node)"), into: &out)
        }
        admit(id, into: &out)
    }
}

extension RequestLease {
    /// The bundle that it draws from, if it does.
    var bundle: BundleID? {
        guard case .bundle(let group, let index?, _) = strategy else { return nil }
        return BundleID(group: group, index: index)
    }
}
