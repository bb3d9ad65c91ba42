import GCS
import RayflowCore

/// The shell of a simulated GCS.
final class SimulatedGCS {
    private unowned let world: SimulatedWorld
    private(set) var instance = GCSInstance()
    private var outbox: [GCSDirective] = []
    private var isDraining = false

    init(_ world: SimulatedWorld) { self.world = world }

    func receive(_ message: Message, from: Address) { event { $0.receive(message, from: from, now: $1, into: &$2) } }
    func disconnected(_ peer: Address) { event { $0.connectionLost(peer, now: $1, into: &$2) } }
    func jobStarted(_ job: JobID, driver: Address) { event { $0.jobStarted(job, driver: driver, now: $1, into: &$2) } }

    private func event(_ body: (inout GCSInstance, UInt64, inout [GCSDirective]) -> Void) {
        body(&instance, world.now, &outbox)
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
        case .send(let message, let to): world.network.send(message, from: .gcs, to: to)
        case .persist: break  // it lives as long as its tables
        case .startTimer(let timer, let delay):
            world.after(delay) { [self] in event { $0.timerFired(timer, now: $1, into: &$2) } }
        case .loadActorHistory(let actor, _): event { $0.actorHistoryLoaded(actor, [], now: $1, into: &$2) }
        }
    }
}
