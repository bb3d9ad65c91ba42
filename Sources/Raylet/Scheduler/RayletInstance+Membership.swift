import RayflowCore

/// Whether the GCS knows of this node.
struct Membership: Sendable {
    var isMember = false
    /// The connection broke, and nothing has been said since: a table of nodes is no answer.
    var isUnheard = false
    var isTimerArmed = false
    /// Registrations sent so far.
    var registrations: UInt64 = 0

    mutating func tableCame(_ table: NodeTable, node: NodeID) {
        if !isUnheard, table.nodes.contains(where: { $0.node == node }) { isMember = true }
    }
}

// Joining the cluster, and joining it again when its GCS was gone: it may have missed what happened here.
extension RayletInstance {
    /// Registers with the GCS, again and again until the table of nodes shows this one.
    package mutating func join(into out: inout [RayletDirective]) {
        membership.isMember = false
        sendRegistration(into: &out)
    }

    mutating func gcsLost(into out: inout [RayletDirective]) {
        // A node that never asked to join is not one.
        guard membership.registrations > 0, !isFenced else { return }
        membership.isMember = false
        membership.isUnheard = true
        armRegistration(into: &out)
    }

    mutating func registrationDue(into out: inout [RayletDirective]) {
        membership.isTimerArmed = false
        if !membership.isMember, !isFenced { sendRegistration(into: &out) }
    }

    private mutating func armRegistration(into out: inout [RayletDirective]) {
        guard !membership.isTimerArmed else { return }
        membership.isTimerArmed = true
        out.append(.startTimer(.registration, afterNS: SchedulerLimits.registrationNS))
    }

    private mutating func sendRegistration(into out: inout [RayletDirective]) {
        membership.registrations += 1
        membership.isUnheard = false
        let info = selfInfo
        let kept = leases.filter { $0.value.requester.isGCS }.keys.sorted { $0.number < $1.number }
        let jobs = Set(workers.values.map(\.job)).sorted { $0.value < $1.value }
        let held = bundles.map { HeldBundle(id: $0.key, attempt: $0.value.attempt, isCommitted: $0.value.isCommitted) }
            .sorted { ($0.id.group, $0.id.index) < ($1.id.group, $1.id.index) }
        reported = available
        out.append(
            .send(
                .registerNode(
                    RegisterNode(
                        info: [info], leases: kept, jobs: jobs, processes: workers.keys.sorted(), bundles: held,
                        number: membership.registrations)),
                to: .gcs))
        armRegistration(into: &out)
    }
}
