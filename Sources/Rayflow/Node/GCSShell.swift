package import GCS
package import RayflowCore
package import Transport

/// Carries out what the GCS decides. Confined to the loop.
///
/// What the GCS has had written and what it sends stay in order: a message that follows a write leaves when the write is done, and not at all
/// if it fails. Then the GCS is as good as gone, for it could not keep what it promises.
package final class GCSShell: FrameHandler, @unchecked Sendable {
    private var instance: GCSInstance
    private let network: any Network
    private let log: RunLog?
    private let store: (any StoreClient)?
    private var outbox: [GCSDirective] = []
    private var isDraining = false
    /// Directives that wait for the write with this number.
    private var held: [(after: UInt64, directive: GCSDirective)] = []
    private var writes: UInt64 = 0
    private var written: UInt64 = 0
    private var hasEnded = false
    /// The store's fault, once: nothing is answered any more.
    package var onFault: (@Sendable (RayflowError) -> Void)?

    /// - Parameters:
    ///   - store: what an earlier GCS has left is taken over, in a new epoch; nil: the tables live as long as this object.
    ///   - checksHealth: whether raylets are asked regularly whether they are there. Of those in the same process that is known.
    ///   - endsWithDriver: whether the cluster lives inside of its driver.
    /// - Throws: `corrupt`, or what loading throws.
    package init(
        network: any Network, log: RunLog?, store: (any StoreClient)? = nil, checksHealth: Bool = false, endsWithDriver: Bool = false
    ) throws(RayflowError) {
        self.network = network
        self.log = log
        self.store = store
        let contents = try store?.load() ?? StoreContents()
        instance = GCSInstance(epoch: try GCSInstance.nextEpoch(of: contents), isStored: store != nil, endsWithDriver: endsWithDriver)
        if store != nil { try instance.restore(contents, now: network.loop.now, into: &outbox) }
        if checksHealth { outbox.append(.startTimer(.health, afterNS: Limits.healthPeriodNS)) }
    }

    package var epoch: UInt32 { instance.epoch }
    /// On the loop: events of tasks that were left out, and attempts that were forgotten.
    package var droppedTaskEvents: UInt64 { instance.tasks.dropped }

    /// On the loop, once it serves its address.
    package func start() { event { _, _ in } }

    /// On the loop: from now on nothing leaves, as if the process were gone.
    package func end() { hasEnded = true }

    package func receive(kind: UInt8, body: ArraySlice<UInt8>, from: Address) {
        guard let message = try? Message(kind: kind, body: body) else { return }
        if case .registerActor(let m) = message, let log, !m.spec.lineage.isNone {
            // Handles that were recorded under the ids of earlier epochs mean this actor.
            for former in log.formerActors(of: m.spec.lineage) where former != m.actor {
                event { $0.alias(old: former, to: m.actor, now: self.network.loop.now, into: &$1) }
            }
        }
        event { $0.receive(message, from: from, now: self.network.loop.now, into: &$1) }
    }

    /// The driver of this job is there; its actors live until it ends.
    package func jobStarted(_ job: JobID, driver: Address) {
        event { $0.jobStarted(job, driver: driver, now: self.network.loop.now, into: &$1) }
    }

    /// It is known that the node is dead: nobody waits for it to come back.
    package func nodeDied(_ node: NodeID) { event { $0.nodeDied(node, now: self.network.loop.now, into: &$1) } }

    package func disconnected(_ peer: Address) { event { $0.connectionLost(peer, now: self.network.loop.now, into: &$1) } }

    private func event(_ body: (inout GCSInstance, inout [GCSDirective]) -> Void) {
        if hasEnded { return }
        body(&instance, &outbox)
        guard !isDraining else { return }
        isDraining = true
        while !outbox.isEmpty {
            let directives = outbox
            outbox = []
            for directive in directives { carryOut(directive) }
        }
        isDraining = false
    }

    private func carryOut(_ directive: GCSDirective) {
        if case .persist(let changes) = directive { return write(changes) }
        if written < writes { return held.append((writes, directive)) }
        carryOutNow(directive)
    }

    private func write(_ changes: [StoreChange]) {
        guard let store else { return }
        writes += 1
        let number = writes
        store.write(changes) { [self, loop = network.loop] result in
            if loop.isInLoop { wrote(number, result) } else { loop.execute { self.wrote(number, result) } }
        }
    }

    private func wrote(_ number: UInt64, _ result: Result<Void, RayflowError>) {
        if hasEnded { return }
        if case .failure(let error) = result {
            hasEnded = true
            held = []
            onFault?(error)
            return
        }
        written = max(written, number)
        let due = held.prefix { $0.after <= written }
        held.removeFirst(due.count)
        for (_, directive) in due { carryOutNow(directive) }
    }

    private func carryOutNow(_ directive: GCSDirective) {
        if hasEnded { return }
        switch directive {
        case .persist: break
        case .send(let message, let to):
            let wire = message.wire
            network.send(kind: type(of: wire).kind, body: wire.body, from: .gcs, to: to)
        case .startTimer(let timer, let delay):
            network.loop.scheduleTimer(afterNanoseconds: delay) { [weak self] in
                guard let self else { return }
                event { $0.timerFired(timer, now: self.network.loop.now, into: &$1) }
            }
        case .loadActorHistory(let actor, let lineage):
            let calls = log?.calls(of: lineage) ?? []
            event { $0.actorHistoryLoaded(actor, calls, now: self.network.loop.now, into: &$1) }
        }
    }
}
