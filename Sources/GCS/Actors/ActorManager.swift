import RayflowCore

/// The table of actors: names, creation through leases like any client, restarts, subscriptions.
///
/// Every lease that it was granted it either holds for an actor or gives back; every actor that is not dead has one of: a lease asked for
/// or held, a history being loaded, a timer, nobody who asks for it, no node to run on, or a placement group that is
/// not created.
package struct ActorManager: Sendable {
    var actors = Tracked<ActorID, ActorEntry>()
    var byLease: [LeaseID: ActorID] = [:]
    var names: [ActorName: ActorID] = [:]
    /// Ids that stand for another actor: handles recorded in an earlier epoch, and those asked for with `getIfExists`.
    var aliases: [ActorID: ActorID] = [:]
    /// Who has asked for an actor that is not known (yet).
    var unknown: [ActorID: [Address]] = [:]
    var dead: BoundedHistory<ActorID>
    /// Processes that have made actors and whose connection broke, with the number of the break.
    var lostOwners: [Address: UInt64] = [:]
    var ownersLost: UInt64 = 0
    /// Actors whose constructor is to be pushed again when the timer fires.
    var unsure: Set<ActorID> = []
    var nextLease: UInt64
    /// Where the last actor to be spread went.
    var lastSpread = NodeID(0)
    /// Nothing can outlive the driver here.
    var endsWithDriver = false

    /// - Parameter epoch: of this GCS; keeps the ids of its leases apart from those of an earlier one.
    init(epoch: UInt32, remembered: Int) {
        dead = BoundedHistory(limit: remembered)
        nextLease = UInt64(epoch) << 40 | 1
    }

    func resolve(_ id: ActorID) -> ActorID { aliases[id] ?? id }

    /// In the order of their ids, so that the same events give the same directives.
    func sorted(where isMeant: (ActorEntry) -> Bool) -> [ActorID] {
        actors.values.filter(isMeant).map(\.id).sorted()
    }

    // MARK: Registration and names

    mutating func register(
        _ m: RegisterActor, from: Address, hasJobEnded: Bool, nodes: inout NodeManager, into out: inout [GCSDirective]
    ) {
        func reply(_ actor: ActorID, _ error: ErrorRecord? = nil) {
            out.append(.send(.actorReply(ActorReply(request: m.request, actor: actor, error: error)), to: from))
        }
        // The same registration again: the same answer.
        if actors[m.actor] != nil { return reply(m.actor) }
        if let target = aliases[m.actor] { return reply(target) }
        if hasJobEnded { return reply(m.actor, ErrorRecord(.cancelled, "job \(m.actor.job) has ended")) }
        guard m.spec.options.resources.isPlausible, m.options.maxRestarts >= -1, !m.actor.isNone else {
            return reply(m.actor, ErrorRecord(.invalidArgument, "an actor cannot have these resources, this number of restarts or this id"))
        }
        if m.options.isDetached, endsWithDriver {
            let text = "a detached actor outlives its driver: that takes a cluster of daemons, and this one lives inside of the driver"
            return reply(m.actor, ErrorRecord(.needsCluster, text))
        }
        let name = ActorName(m.options)
        if let name, let holder = names[name], let existing = actors[holder] {
            guard m.options.getIfExists else {
                return reply(m.actor, ErrorRecord(.invalidArgument, "the name \(name) is taken by a living actor"))
            }
            guard existing.options.typeName == m.options.typeName else {
                let types = "\(existing.options.typeName), not \(m.options.typeName)"
                return reply(m.actor, ErrorRecord(.typeMismatch, "the actor named \(name) is of type \(types)"))
            }
            alias(m.actor, to: holder, nodes: &nodes, into: &out)
            return reply(holder)
        }
        var entry = ActorEntry(
            id: m.actor, spec: m.spec, options: m.options, resolved: m.resolved, stage: .waiting, restartsLeft: m.options.maxRestarts)
        entry.subscribers = (unknown.removeValue(forKey: m.actor) ?? []).map { ActorEntry.Subscriber(address: $0, asked: m.actor) }
        actors[m.actor] = entry
        if let name { names[name] = m.actor }
        reply(m.actor)
        for subscriber in entry.subscribers { tell(subscriber, of: entry, into: &out) }
        begin(m.actor, nodes: &nodes, into: &out)
    }

    func lookup(_ m: LookupActor, from: Address, into out: inout [GCSDirective]) {
        let id = names[ActorName(name: m.name, namespace: m.namespace)]
        let type = id.flatMap { actors[$0]?.options.typeName } ?? ""
        out.append(.send(.lookupReply(LookupReply(request: m.request, actor: id, typeName: type)), to: from))
    }

    /// From now on `old` stands for `target`.
    mutating func alias(_ old: ActorID, to target: ActorID, nodes: inout NodeManager, into out: inout [GCSDirective]) {
        let target = resolve(target)
        guard old != target, actors[old] == nil, actors[target] != nil, aliases[old] == nil else { return }
        aliases[old] = target
        actors[target]?.aliases.append(old)
        for address in unknown.removeValue(forKey: old) ?? [] { subscribe(old, address, nodes: &nodes, into: &out) }
    }

    // MARK: Subscriptions

    mutating func subscribe(_ asked: ActorID, _ address: Address, nodes: inout NodeManager, into out: inout [GCSDirective]) {
        let id = resolve(asked)
        guard var entry = actors[id] else {
            var waiting = unknown[asked] ?? []
            if waiting.isEmpty { out.append(.startTimer(.unknownActor(asked), afterNS: Limits.unknownActorNS)) }
            guard waiting.count < Limits.unknownActorSubscribers else { return tellUnknown(asked, address, into: &out) }
            if !waiting.contains(address) { waiting.append(address) }
            unknown[asked] = waiting
            return
        }
        let subscriber = ActorEntry.Subscriber(address: address, asked: asked)
        if !entry.isDead, !entry.subscribers.contains(subscriber) { entry.subscribers.append(subscriber) }
        actors[id] = entry
        tell(subscriber, of: entry, into: &out)
        if entry.stage == .dormant { create(id, nodes: &nodes, into: &out) }
    }

    /// Nobody has registered the actor in time.
    mutating func unknownExpired(_ asked: ActorID, into out: inout [GCSDirective]) {
        for address in unknown.removeValue(forKey: asked) ?? [] { tellUnknown(asked, address, into: &out) }
    }

    func tellUnknown(_ asked: ActorID, _ address: Address, comeback: UInt32 = 0, into out: inout [GCSDirective]) {
        let error = ErrorRecord(.actorDied, "unknown actor \(asked): it was never registered here, or died long ago")
        let update = ActorUpdate(actor: asked, state: .dead, incarnation: 0, worker: .gcs, error: error, comeback: comeback)
        out.append(.send(.actorUpdate(update), to: address))
    }

    func tell(_ subscriber: ActorEntry.Subscriber, of entry: ActorEntry, into out: inout [GCSDirective]) {
        out.append(.send(.actorUpdate(entry.update(for: subscriber.asked)), to: subscriber.address))
    }

    /// A process that missed updates is there again.
    func retell(_ address: Address, into out: inout [GCSDirective]) {
        for id in sorted(where: { $0.subscribers.contains { $0.address == address } }) {
            guard let entry = actors[id] else { continue }
            for subscriber in entry.subscribers where subscriber.address == address { tell(subscriber, of: entry, into: &out) }
        }
    }

    func publish(_ id: ActorID, into out: inout [GCSDirective]) {
        guard let entry = actors[id] else { return }
        for subscriber in entry.subscribers { tell(subscriber, of: entry, into: &out) }
    }
}

/// A name within its namespace.
struct ActorName: Hashable, Sendable, CustomStringConvertible {
    var name: String
    var namespace: String
    init(name: String, namespace: String) {
        self.name = name
        self.namespace = namespace
    }
    /// Nil for an actor without a name.
    init?(_ options: ActorSpecOptions) {
        if options.name.isEmpty { return nil }
        self.init(name: options.name, namespace: options.namespace)
    }
    var description: String { namespace.isEmpty ? "\"\(name)\"" : "\"\(name)\" in \"\(namespace)\"" }
}
