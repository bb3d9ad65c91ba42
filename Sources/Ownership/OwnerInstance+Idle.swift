import RayflowCore

// Whether this process may go.
extension OwnerInstance {
    /// Its raylet has too many idle workers. What this one owns would end with it.
    mutating func idleChecked(by raylet: Address, into out: inout [OwnerDirective]) {
        out.append(.send(.idleReply(IdleReply(process: address.entity, isUnused: !isInUse)), to: raylet))
        // Of an actor that was made here and never called, nothing is heard: its end would keep this process for ever.
        let unheard = actors.filter { $0.value.isOwn && !$0.value.isDead && !$0.value.isSubscribed }.map(\.key)
        for actor in unheard.sorted() {
            actors[actor]?.isSubscribed = true
            out.append(.send(.subscribeActor(SubscribeActor(actor: actor)), to: .gcs))
        }
    }

    private var isInUse: Bool {
        // Who had a ref from here loses it with this process, whoever owns the object now.
        tasks.count > 0 || !borrowers.isEmpty || !deliveries.isEmpty || actors.values.contains { $0.isOwn && !$0.isDead }
            || objects.contains { id, row in
                guard row.owner == address, row.isNeeded, id.handledActor == nil else { return false }
                if case .failed? = row.state { return false }
                return true
            }
    }
}
