import RayflowCore

/// One actor, from its registration until it is forgotten.
struct ActorEntry: Sendable {
    /// A lease that was asked for or is held.
    struct Lease: Hashable, Sendable {
        var id: LeaseID
        var raylet: Address
        var hops: UInt8
        /// What the raylet is to know of the actor's strategy: a chosen bundle, a chosen node.
        var strategy = SchedulingStrategy.hybrid
    }

    enum Stage: Hashable, Sendable {
        /// The journal is asked for the calls to run again.
        case loading
        /// It has a past, and nobody has asked for it in this run: it is built when somebody does.
        case dormant
        /// No node is there to run on.
        case waiting
        /// The pause before the next incarnation.
        case pausing
        case leasing(Lease)
        /// The constructor (and the logged calls) run.
        case creating(Lease, worker: Address)
        case alive(Lease, worker: Address)
        case dead(ErrorRecord)
    }

    struct Subscriber: Hashable, Sendable {
        var address: Address
        /// The id by which it asked: the actor's own or an alias.
        var asked: ActorID
    }

    var id: ActorID
    var spec: TaskSpec
    var options: ActorSpecOptions
    var resolved: [ResolvedDependency]
    var stage: Stage
    /// Counts from 1.
    var incarnation: UInt32 = 1
    /// -1: without limit.
    var restartsLeft: Int32
    /// Why the last incarnation ended.
    var lastError: ErrorRecord?
    /// Incarnations in a row that never came to life.
    var failedStarts = 0
    /// Its last handle is gone: it is to end when the calls at hand have run, for this reason.
    var ending: LossReason?
    /// How often its creator has asked for it after that.
    var comebacks: UInt32 = 0
    var replay: [LoggedCall] = []
    var subscribers: [Subscriber] = []
    var aliases: [ActorID] = []
    /// As it was last stored, and as it was last published.
    var stored: ActorRecord?
    var told: ActorRow?

    var job: JobID { id.job }
    /// Under which its worker is leased: the workers of a job end with it.
    var leasingJob: JobID { options.isDetached ? JobID(0) : job }
    var isDurable: Bool { !spec.lineage.isNone }
    var isDead: Bool { if case .dead = stage { true } else { false } }

    var lease: Lease? {
        switch stage {
        case .leasing(let lease), .creating(let lease, _), .alive(let lease, _): lease
        case .loading, .dormant, .waiting, .pausing, .dead: nil
        }
    }

    /// The attempt of the present incarnation's creation.
    var attempt: Attempt { Attempt(epoch: spec.attempt.epoch, number: spec.attempt.number &+ incarnation &- 1) }

    var displayName: String {
        let type = options.typeName.isEmpty ? spec.function.name : options.typeName
        return options.name.isEmpty ? type : "\(type) \"\(options.name)\""
    }

    func update(for asked: ActorID) -> ActorUpdate {
        var update = ActorUpdate(
            actor: asked, state: .pending, incarnation: incarnation, worker: .gcs, error: nil, maxTaskRetries: options.maxTaskRetries,
            maxPendingCalls: options.maxPendingCalls, comeback: comebacks)
        switch stage {
        case .loading, .dormant, .waiting, .pausing, .leasing, .creating:
            if incarnation > 1 {
                update.state = .restarting
                update.error = lastError
            }
        case .alive(_, let worker):
            update.state = .alive
            update.worker = worker
        case .dead(let error):
            update.state = .dead
            update.error = error
        }
        return update
    }
}
