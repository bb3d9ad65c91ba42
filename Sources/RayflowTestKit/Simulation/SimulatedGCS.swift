import GCS
import RayflowCore

/// The shell of a simulated GCS: it dies at some message and starts again on what it has had written.
final class SimulatedGCS {
    /// A death that the seed has drawn: with this message, counted from the first that any GCS receives.
    struct Death {
        let message: Int
        /// What it has decided is written, and nobody hears of it.
        let isSilent: Bool
        /// Virtual nanoseconds until the next one starts.
        let downtimeNS: UInt64
    }

    private unowned let world: SimulatedWorld
    private(set) var instance: GCSInstance
    private(set) var isAlive = true
    private let store = MemoryStoreClient()
    private var deaths: ArraySlice<Death>
    private(set) var messages = 0
    /// It has received its last message, and sends nothing any more.
    private var isSilent = false
    private var outbox: [GCSDirective] = []
    private var isDraining = false

    init(_ world: SimulatedWorld, deaths: [Death]) {
        self.world = world
        self.deaths = deaths.sorted { $0.message < $1.message }[...]
        instance = GCSInstance(isStored: true)
        start()
    }

    // MARK: Lives

    private func start() {
        let contents = store.load()
        do {
            instance = GCSInstance(epoch: try GCSInstance.nextEpoch(of: contents), isStored: true)
            isAlive = true
            isSilent = false
            let now = world.now
            try instance.restore(contents, now: now, into: &outbox)
        } catch { return world.ledger.fault("the GCS cannot start on what it has written: \(error)") }
        drain()
    }

    private func die(_ death: Death) {
        isAlive = false
        outbox = []
        world.sometimes(.gcsDied)
        world.remember(.gone(at: world.now, .gcs))
        world.network.closeAll(of: .gcs)
        world.after(death.downtimeNS) { [self] in
            start()
            world.gcsStarted()
        }
    }

    // MARK: Events

    func receive(_ message: Message, from: Address) {
        messages += 1
        let death = world.hasFaults && deaths.first?.message == messages ? deaths.first : nil
        while let next = deaths.first, next.message <= messages { deaths = deaths.dropFirst() }
        isSilent = death?.isSilent == true
        event { $0.receive(message, from: from, now: $1, into: &$2) }
        if let death { die(death) }
    }

    func disconnected(_ peer: Address) { event { $0.connectionLost(peer, now: $1, into: &$2) } }
    func jobStarted(_ job: JobID, driver: Address) { event { $0.jobStarted(job, driver: driver, now: $1, into: &$2) } }

    private func event(_ body: (inout GCSInstance, UInt64, inout [GCSDirective]) -> Void) {
        guard isAlive else { return }
        body(&instance, world.now, &outbox)
        drain()
    }

    private func drain() {
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
        case .persist(let changes): store.write(changes) { _ in }
        case .send(let message, let to): if !isSilent { world.network.send(message, from: .gcs, to: to) }
        case .startTimer(let timer, let delay):
            let epoch = instance.epoch
            world.after(delay) { [self] in if instance.epoch == epoch { event { $0.timerFired(timer, now: $1, into: &$2) } } }
        case .loadActorHistory(let actor, _): event { $0.actorHistoryLoaded(actor, [], now: $1, into: &$2) }
        }
    }
}
