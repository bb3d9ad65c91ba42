import RayflowCore

/// What the GCS owes to this owner. A restarted one knows no subscribers and may never have seen what was sent to the last.
struct GCSDebts: Sendable {
    /// Not answered yet, by request.
    var registrations: [UInt64: RegisterActor] = [:]
    /// Sent while it was away.
    var kills: [KillActor] = []
    var isLost = false
}

// Calls to living actors go on without the GCS. What needs it waits, and is asked for again until it answers.
extension OwnerInstance {
    mutating func gcsLost(into out: inout [OwnerDirective]) {
        // Each message that finds nobody says so again: one timer is enough.
        guard !gcs.isLost else { return }
        gcs.isLost = true
        out.append(.startTimer(.gcs, afterNS: Limits.gcsRetryNS))
    }

    mutating func gcsDue(into out: inout [OwnerDirective]) {
        guard gcs.isLost else { return }
        gcs.isLost = false
        for (_, registration) in gcs.registrations.sorted(by: { $0.key < $1.key }) {
            out.append(.send(.registerActor(registration), to: .gcs))
        }
        for kill in gcs.kills.prefix(Limits.keptKills) { out.append(.send(.killActor(kill), to: .gcs)) }
        gcs.kills = []
        let followed = actors.filter { if case .dead = $0.value.state { false } else { $0.value.isSubscribed } }.keys
        for actor in followed.sorted(by: { ($0.unique, $0.salt) < ($1.unique, $1.salt) }) {
            out.append(.send(.subscribeActor(SubscribeActor(actor: actor)), to: .gcs))
        }
    }
}
