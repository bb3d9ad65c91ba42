package import RayflowCore

// Refs that cross processes. Somebody holds an object at every moment at which a ref to it is under way: the caller holds the arguments of a
// task until its reply, the sender of a value with refs holds them until the receiver has secured them, and a process that keeps a borrowed ref
// beyond that has a mark at the process from which the ref came. Marks form a tree with the owner at its root.
extension OwnerInstance {
    // MARK: Refs that leave

    /// A task has ended: its arguments are let go, and what this process keeps of them is claimed before the reply leaves.
    ///
    /// - Parameter borrowed: what the push has brought; each was counted by ``borrow(_:_:)``.
    /// - Returns: set: the reply waits for ``OwnerDirective/mayReply(_:)`` with this number.
    package mutating func letGoArguments(_ borrowed: [ObjectID], into out: inout [OwnerDirective]) -> UInt64? {
        for id in borrowed { release(id, into: &out) }
        let kept = Set(borrowed).filter { objects[$0] != nil }.sorted()
        if kept.isEmpty { return nil }
        claim(kept, into: &out)
        defer { nextDelivery += 1 }
        return claims.wait(for: kept, .reply(nextDelivery)) ? nextDelivery : nil
    }

    /// Refs in a message are held until the receiver has secured them, and named with the owners that they have now.
    ///
    /// - Parameters:
    ///   - moved: what the receiver is to own. What is not this process's to give stays behind: it is handed over to another already.
    ///   - known: what the receiver holds itself until it has the message.
    /// - Returns: the number for the message; 0 when there is nothing to hold.
    package mutating func deliver(
        _ states: inout [ObjectState], moved: inout [MovedObject], known: [ObjectID] = [], to receiver: Address
    ) -> UInt64 {
        moved.removeAll { object in objects.with(object.id) { $0.owner != address || $0.isLeaving } ?? true }
        let ids = moved.map(\.id), known = Set(known)
        for id in ids { objects[id]?.isLeaving = true }
        for at in states.indices { states[at] = rebound(states[at]) }
        for at in moved.indices { moved[at].state = rebound(moved[at].state) }
        let refs = (states + moved.map(\.state)).flatMap(\.enclosedRefs).map(\.id)
        return deliver(refs.filter { !known.contains($0) } + ids, moved: ids, to: receiver)
    }

    mutating func deliver(_ refs: [ObjectID], moved: [ObjectID] = [], to receiver: Address) -> UInt64 {
        let held = refs.filter { hold($0) }
        guard !held.isEmpty else { return 0 }
        defer { nextDelivery += 1 }
        deliveries[nextDelivery] = Delivery(receiver: receiver, held: held, moved: moved)
        return nextDelivery
    }

    /// A message that was prepared is not sent.
    package mutating func withdraw(_ delivery: UInt64, into out: inout [OwnerDirective]) {
        guard let sent = deliveries.removeValue(forKey: delivery) else { return }
        for id in sent.moved { objects[id]?.isLeaving = false }
        letGo(sent.held, into: &out)
    }

    mutating func refsSecured(_ m: RefsSecured, from: Address, into out: inout [OwnerDirective]) {
        guard let sent = deliveries[m.delivery], sent.receiver == from else { return }
        if m.isTaken { handOver(sent.moved, to: from, into: &out) }
        withdraw(m.delivery, into: &out)
    }

    /// What this process owned now belongs to another, which has marked it for this process.
    private mutating func handOver(_ ids: [ObjectID], to owner: Address, into out: inout [OwnerDirective]) {
        guard owner != address else { return }
        for id in ids {
            guard objects[id]?.owner == address else { continue }
            objects[id]?.owner = owner
            claims.handedOver(id, to: owner)
            guard case .stored(let nodes, _, _, _)? = objects[id]?.state else { continue }
            // Copies that were made since the message left.
            for node in nodes.dropFirst() { out.append(.send(.objectCopied(ObjectCopied(object: id, node: node)), to: owner)) }
        }
    }

    /// The object was handed over to this process before the message that hands it over to another is secured.
    mutating func hasComeBack(_ id: ObjectID, into out: inout [OwnerDirective]) {
        objects[id]?.isLeaving = false
        for number in deliveries.keys.sorted() {
            guard let delivery = deliveries[number], delivery.moved.contains(id) else { continue }
            deliveries[number]?.moved.removeAll { $0 == id }
            // Who had it meanwhile has a mark on it for this process.
            out.append(.send(.releaseBorrower(ReleaseBorrower(stamp: claims.nextStamp(), objects: [id])), to: delivery.receiver))
        }
    }

    private mutating func hold(_ id: ObjectID) -> Bool {
        guard objects[id] != nil else { return false }
        objects[id]?.underWay += 1
        return true
    }

    private mutating func letGo(_ ids: [ObjectID], into out: inout [OwnerDirective]) {
        for id in ids { objects[id]?.underWay -= 1 }
        for id in ids { dropIfUnneeded(id, into: &out) }
    }

    // MARK: Refs that arrive

    /// Refs that have arrived with a message, held while they are being secured.
    struct Arrival: Sendable {
        var delivery: ClaimTable.Delivery
        var held: [ObjectID]
    }

    /// Before the message is taken in.
    ///
    /// - Returns: nil for a message that is being taken in already.
    mutating func beginArrival(
        _ number: UInt64, from: Address, _ refs: [(id: ObjectID, origin: RefOrigin)], moved: [MovedObject], into out: inout [OwnerDirective]
    ) -> Arrival? {
        let delivery = ClaimTable.Delivery(from: from, number: number)
        guard arrivals[delivery] == nil else { return nil }
        let moving = Set(moved.map(\.id))
        var held: [ObjectID] = []
        for (id, origin) in refs + moved.flatMap(\.state.enclosedRefs) where !moving.contains(id) {
            makeRow(id, origin)
            if hold(id) { held.append(id) }
        }
        arrivals[delivery] = held
        return Arrival(delivery: delivery, held: held)
    }

    /// The message was taken in, or was of no use.
    mutating func endArrival(_ arrival: Arrival, isTaken: Bool, into out: inout [OwnerDirective]) {
        guard isTaken else { return secured(arrival.delivery, isTaken: false, into: &out) }
        claim(arrival.held, into: &out)
        if !claims.wait(for: arrival.held, .secured(arrival.delivery)) { secured(arrival.delivery, isTaken: true, into: &out) }
    }

    mutating func arrived(_ m: TaskReply, from: Address, now: UInt64, into out: inout [OwnerDirective]) {
        guard m.delivery != 0 else {
            taskReply(m, from: from, now: now, into: &out)
            return
        }
        var states: [ObjectState] = []
        if case .finished(let results) = m.outcome { states = results }
        guard let arrival = beginArrival(m.delivery, from: from, states.flatMap(\.enclosedRefs), moved: m.moved, into: &out) else { return }
        let isTaken = taskReply(m, from: from, now: now, into: &out)
        endArrival(arrival, isTaken: isTaken, into: &out)
    }

    mutating func arrived(_ m: ObjectReply, from: Address, into out: inout [OwnerDirective]) {
        guard m.delivery != 0, let state = m.state else {
            objectReply(m, into: &out)
            return
        }
        guard let arrival = beginArrival(m.delivery, from: from, state.enclosedRefs, moved: [], into: &out) else { return }
        let isTaken = objectReply(m, into: &out)
        endArrival(arrival, isTaken: isTaken, into: &out)
    }

    mutating func arrived(_ m: StreamItem, from: Address, into out: inout [OwnerDirective]) {
        guard m.delivery != 0 else {
            streamItem(m, from: from, into: &out)
            return
        }
        guard let arrival = beginArrival(m.delivery, from: from, m.state.enclosedRefs, moved: m.moved, into: &out) else { return }
        let isTaken = streamItem(m, from: from, into: &out)
        endArrival(arrival, isTaken: isTaken, into: &out)
    }

    private mutating func secured(_ delivery: ClaimTable.Delivery, isTaken: Bool, into out: inout [OwnerDirective]) {
        guard let held = arrivals.removeValue(forKey: delivery) else { return }
        out.append(.send(.refsSecured(RefsSecured(delivery: delivery.number, isTaken: isTaken)), to: delivery.from))
        letGo(held, into: &out)
    }

    // MARK: Claims

    /// Asks the owners of what this process has only borrowed to keep it, unless they were asked before.
    mutating func claim(_ ids: [ObjectID], into out: inout [OwnerDirective]) {
        var wanted: [(owner: Address, ids: [ObjectID])] = []
        for id in ids {
            guard let entry = objects[id], entry.owner != address, entry.owner.isProcess, !claims.has(id), !isOwnHandle(id, entry) else {
                continue
            }
            if let at = wanted.firstIndex(where: { $0.owner == entry.owner }) {
                if !wanted[at].ids.contains(id) { wanted[at].ids.append(id) }
            } else {
                wanted.append((entry.owner, [id]))
            }
        }
        for (owner, ids) in wanted { out.append(.send(.addBorrower(claims.claim(ids, of: owner)), to: owner)) }
    }

    /// The handle by which the actor of this process knows itself does not keep it alive; one that it has passed on does.
    func isOwnHandle(_ id: ObjectID, _ entry: ObjectEntry) -> Bool {
        guard let hostedActor, id.handledActor == hostedActor else { return false }
        return entry.taskRefs == 0 && entry.containedIn == 0 && entry.underWay == 0
    }

    /// Once it is passed on no more it is not kept for that either.
    mutating func settleOwnHandle(_ id: ObjectID, into out: inout [OwnerDirective]) {
        guard let entry = objects[id], isOwnHandle(id, entry), let (owner, done) = claims.giveBack(id) else { return }
        out.append(.send(.releaseBorrower(ReleaseBorrower(stamp: claims.nextStamp(), objects: [id])), to: owner))
        goOn(done, into: &out)
    }

    /// The actor of this process: it knows its own handle from the start.
    package mutating func host(_ actor: ActorID, createdBy creator: Address) {
        hostedActor = actor
        borrow(ObjectID(handleOf: actor), RefOrigin(owner: creator, lineage: .none))
    }

    mutating func borrowersAdded(_ m: BorrowersAdded, into out: inout [OwnerDirective]) {
        let (done, unknown) = claims.granted(m)
        for id in unknown where id.handledActor == nil {
            finish(id, .failed(ErrorRecord(.objectLost, "the owner of object \(id) no longer knows it", reason: .refDeleted)), into: &out)
        }
        goOn(done, into: &out)
    }

    mutating func goOn(_ done: [ClaimTable.Purpose], into out: inout [OwnerDirective]) {
        for purpose in done {
            switch purpose {
            case .reply(let ticket): out.append(.mayReply(ticket))
            case .secured(let delivery): secured(delivery, isTaken: true, into: &out)
            }
        }
    }

    // MARK: Marks

    mutating func addBorrower(_ m: AddBorrower, from: Address, into out: inout [OwnerDirective]) {
        guard borrowers.accept(m.stamp, of: from) else { return }
        var unknown: [ObjectID] = []
        for id in m.objects {
            if objects[id] == nil { unknown.append(id) } else { mark(id, by: from) }
        }
        out.append(.send(.borrowersAdded(BorrowersAdded(stamp: m.stamp, unknown: unknown)), to: from))
    }

    mutating func mark(_ id: ObjectID, by borrower: Address) {
        guard borrower != address else { return }
        borrowers.mark(id, by: borrower)
        objects[id]?.isMarked = true
    }

    mutating func releaseBorrower(_ m: ReleaseBorrower, from: Address, into out: inout [OwnerDirective]) {
        guard borrowers.accept(m.stamp, of: from) else { return }
        unmarked(m.objects.filter { borrowers.unmark($0, by: from) }, into: &out)
    }

    private mutating func unmarked(_ ids: [ObjectID], into out: inout [OwnerDirective]) {
        for id in ids { objects[id]?.isMarked = false }
        for id in ids { dropIfUnneeded(id, into: &out) }
    }

    // MARK: Lost connections

    /// A process is gone, or its connection: what it borrows is kept for a while, in which it may say so again.
    mutating func borrowerLost(_ peer: Address, into out: inout [OwnerDirective]) {
        guard borrowers.hasMarks(of: peer) || deliveries.values.contains(where: { $0.receiver == peer }) else { return }
        borrowers.doubt(peer)
        brokenBorrowers[peer] = BrokenBorrower(number: nextBroken, before: nextDelivery)
        out.append(.startTimer(.doubtedBorrower(peer, nextBroken), afterNS: Limits.doubtedBorrowerNS))
        nextBroken += 1
    }

    mutating func borrowerGone(_ peer: Address, _ number: UInt64, into out: inout [OwnerDirective]) {
        guard let doubt = brokenBorrowers[peer], doubt.number == number else { return }
        brokenBorrowers[peer] = nil
        unmarked(borrowers.dropDoubted(peer), into: &out)
        for number in deliveries.filter({ $0.value.receiver == peer && $0.key < doubt.before }).keys.sorted() {
            withdraw(number, into: &out)
        }
    }

    // MARK: Reports

    /// Objects and messages that somebody here or elsewhere holds, for reports.
    ///
    /// - Parameter circle: objects that are known to be held without need.
    package func referencesLeft(besides circle: Set<ObjectID> = []) -> [String] {
        var left = objects.sorted { $0.key < $1.key }
            .filter { ($0.key.handledActor == nil || $0.key.handledActor != hostedActor) && !circle.contains($0.key) }
            .map { "\($0.key): \($0.value)" }
        left += deliveries.sorted { $0.key < $1.key }.map { "delivery \($0.key): \($0.value)" }
        left += arrivals.map { "arrival \($0.key): \($0.value)" }
        return left
    }

    /// Each object with what it keeps here: the refs in its value, and what its task needs to run again, or its actor to come back.
    package var keptReferences: [(id: ObjectID, refs: [ObjectID])] {
        objects.map { id, entry in
            var needed: [ObjectID] = []
            if entry.recovery == .kept {
                needed = lineage[id.task]?.needed ?? []
                if let line = actors[id.task.actor], line.isOutOfScope { needed += line.arguments }
            }
            return (id, needed + (entry.state?.countedRefs.map(\.id) ?? []))
        }
    }

    /// What is held for a restart of an actor that this process has made.
    package func heldArguments(of actor: ActorID) -> [ObjectID] { actors[actor]?.arguments ?? [] }

    /// What does not hold; empty when all is well.
    package func checkReferences() -> [String] {
        var broken = borrowers.checkInvariants() + claims.checkInvariants() + recount()
        for (id, entry) in objects {
            if entry.isMarked != borrowers.isMarked(id) { broken.append("object \(id) does not know whether it is borrowed") }
            if entry.owner == address, claims.has(id) { broken.append("object \(id) of this process's own is claimed") }
            if entry.localRefs < 0 { broken.append("object \(id): \(entry)") }
        }
        return broken
    }
}

/// A message with refs that its receiver has not secured yet.
struct Delivery: Sendable {
    var receiver: Address
    var held: [ObjectID]
    var moved: [ObjectID]
}

/// The connection to a borrower was lost; deliveries from that number on came after.
struct BrokenBorrower: Sendable {
    var number: UInt64
    var before: UInt64
}
