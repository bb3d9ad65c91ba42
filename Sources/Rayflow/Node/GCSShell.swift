import GCS
package import RayflowCore
package import Transport

/// Carries out what the GCS decides. Confined to the loop.
package final class GCSShell: FrameHandler, @unchecked Sendable {
    private var instance: GCSInstance
    private let network: any Network
    private let log: RunLog?
    private var outbox: [GCSDirective] = []
    private var isDraining = false

    /// - Parameter endsWithDriver: whether the cluster lives inside of its driver.
    package init(network: any Network, log: RunLog?, endsWithDriver: Bool = false) {
        self.network = network
        self.log = log
        instance = GCSInstance(endsWithDriver: endsWithDriver)
    }

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

    package func disconnected(_ peer: Address) { event { $0.connectionLost(peer, now: self.network.loop.now, into: &$1) } }

    private func event(_ body: (inout GCSInstance, inout [GCSDirective]) -> Void) {
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
        switch directive {
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
