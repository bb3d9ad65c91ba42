package import RayflowCore

/// The global control service of one cluster, without IO: one manager for each table, tied together here.
///
/// Every event is a mutating method that appends directives; times are monotonic nanoseconds given by the shell.
package struct GCSInstance: Sendable {
    package internal(set) var nodes: NodeManager
    package internal(set) var jobs: JobManager
    package internal(set) var actors: ActorManager
    package internal(set) var workers: WorkerManager
    package internal(set) var counters = GCSCounters()

    /// - Parameters:
    ///   - epoch: counts the starts of the cluster's GCS.
    ///   - endsWithDriver: whether nothing can outlive the driver, as in a cluster that lives inside it.
    ///   - rememberedActors: dead actors that are remembered; likewise for the other tables.
    package init(
        epoch: UInt32 = 1, endsWithDriver: Bool = false, rememberedActors: Int = Limits.deadActors, rememberedNodes: Int = Limits.deadNodes,
        rememberedJobs: Int = Limits.endedJobs, rememberedWorkers: Int = Limits.lostWorkers
    ) {
        nodes = NodeManager(remembered: rememberedNodes)
        jobs = JobManager(remembered: rememberedJobs)
        actors = ActorManager(epoch: epoch, remembered: rememberedActors)
        actors.endsWithDriver = endsWithDriver
        workers = WorkerManager(remembered: rememberedWorkers)
    }

    // MARK: Messages

    package mutating func receive(_ message: Message, from: Address, now: UInt64, into out: inout [GCSDirective]) {
        var isExpected = true
        switch message {
        case .registerNode(let m):
            if let joined = nodes.register(m, from: from, into: &out) {
                if !joined.isEmpty { actors.createWaiting(nodes: &nodes, into: &out) }
            } else {
                isExpected = false
            }
        case .resourceReport(let m): isExpected = nodes.report(m, from: from, into: &out)
        case .registerActor(let m):
            jobs.started(m.actor.job, driver: nil, now: now)
            actors.register(m, from: from, hasJobEnded: jobs.hasEnded(m.actor.job), nodes: &nodes, into: &out)
        case .subscribeActor(let m): actors.subscribe(m.actor, from, nodes: &nodes, into: &out)
        case .lookupActor(let m): actors.lookup(m, from: from, into: &out)
        case .killActor(let m): isExpected = actors.kill(m, into: &out)
        case .actorExiting(let m): isExpected = actors.exited(m, from: from, into: &out)
        case .jobEnded(let m): endJob(m.job, now: now, into: &out)
        case .leaseGranted(let m): actors.granted(m, into: &out)
        case .leaseSpillback(let m): isExpected = actors.spilled(m, from: from, nodes: &nodes, into: &out)
        case .leaseRejected(let m): isExpected = actors.rejected(m, from: from, into: &out)
        case .leaseLost(let m):
            workers.lost(m.worker, m.error, now: now)
            isExpected = actors.lost(m, into: &out)
        case .taskReply(let m): isExpected = actors.replied(m, from: from, into: &out)
        default: isExpected = false
        }
        counters.messages += 1
        if !isExpected { counters.unexpected += 1 }
    }

    // MARK: Local events

    /// A driver has connected (again).
    package mutating func jobStarted(_ job: JobID, driver: Address, now: UInt64, into out: inout [GCSDirective]) {
        jobs.started(job, driver: driver, now: now)
        actors.retell(driver, into: &out)
    }

    /// - Parameter isClean: the process has left because it was idle or told to: what it made stays until its job ends.
    package mutating func connectionLost(_ peer: Address, isClean: Bool = false, now: UInt64, into out: inout [GCSDirective]) {
        if peer.isRaylet { return nodes.connectionLost(peer.nodeID, into: &out) }
        guard peer.isProcess else { return }
        // A driver may come back: its subscriptions stay until its job ends.
        if jobs.connectionLost(peer, into: &out) { return }
        actors.subscriberGone { $0 == peer }
        if !isClean { actors.ownerDied(peer, into: &out) }
    }

    /// The shell knows (by its health check) that a node is dead.
    package mutating func nodeDied(_ node: NodeID, now: UInt64, into out: inout [GCSDirective]) {
        guard nodes.died(node, into: &out) else { return }
        actors.subscriberGone { $0.node == node.value }
        actors.nodeDied(node, nodes: &nodes, into: &out)
    }

    package mutating func timerFired(_ timer: GCSTimer, now: UInt64, into out: inout [GCSDirective]) {
        switch timer {
        case .broadcast: nodes.broadcastDue(into: &out)
        case .nodeGone(let node, let generation): if nodes.isGone(node, generation: generation) { nodeDied(node, now: now, into: &out) }
        case .driverGone(let job, let generation): if jobs.isGone(job, generation: generation) { endJob(job, now: now, into: &out) }
        case .restartActor(let id, let incarnation): actors.restartDue(id, incarnation: incarnation, nodes: &nodes, into: &out)
        case .unknownActor(let id): actors.unknownExpired(id, into: &out)
        case .endActor(let id): actors.endExpired(id, into: &out)
        }
    }

    /// The finished calls of an actor in the order executed; empty for one without a past.
    package mutating func actorHistoryLoaded(_ actor: ActorID, _ calls: [LoggedCall], now: UInt64, into out: inout [GCSDirective]) {
        if !actors.historyLoaded(actor, calls, nodes: &nodes, into: &out) { counters.unexpected += 1 }
    }

    package mutating func actorHistoryFailed(_ actor: ActorID, _ error: ErrorRecord, now: UInt64, into out: inout [GCSDirective]) {
        if !actors.historyFailed(actor, error, into: &out) { counters.unexpected += 1 }
    }

    /// Handles recorded in an earlier epoch name `old`: they mean `target` in this one.
    package mutating func alias(old: ActorID, to target: ActorID, now: UInt64, into out: inout [GCSDirective]) {
        actors.alias(old, to: target, nodes: &nodes, into: &out)
    }

    private mutating func endJob(_ job: JobID, now: UInt64, into out: inout [GCSDirective]) {
        guard jobs.end(job, now: now) else { return }
        actors.jobEnded(job, into: &out)
        if let driver = jobs.driver(of: job) { actors.subscriberGone { $0 == driver } }
        for node in nodes.alive { out.append(.send(.jobEnded(JobEnded(job: job)), to: node.raylet)) }
    }
}

/// What has happened since the GCS started.
package struct GCSCounters: Hashable, Sendable {
    package var messages: UInt64 = 0
    /// Messages and events that make no sense (any more); they change nothing.
    package var unexpected: UInt64 = 0
}
