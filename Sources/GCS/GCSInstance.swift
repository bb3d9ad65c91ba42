package import RayflowCore

/// The global control service of one cluster, without IO: one manager for each table, tied together here.
///
/// Every event is a mutating method that appends directives; times are monotonic nanoseconds given by the shell.
package struct GCSInstance: Sendable {
    package internal(set) var nodes: NodeManager
    package internal(set) var jobs: JobManager
    package internal(set) var actors: ActorManager
    package internal(set) var workers: WorkerManager
    package internal(set) var keyValues = KeyValueManager()
    package internal(set) var functions = FunctionManager()
    package internal(set) var tasks: TaskEventManager
    package internal(set) var placementGroups: PlacementGroupManager
    package internal(set) var counters = GCSCounters()
    package let epoch: UInt32
    var publisher: Publisher
    /// Whether a store keeps the tables.
    let isStored: Bool

    /// - Parameters:
    ///   - epoch: counts the starts of the cluster's GCS.
    ///   - endsWithDriver: whether nothing can outlive the driver, as in a cluster that lives inside it.
    ///   - isStored: whether changes are to be written: ``GCSDirective/persist(_:)``.
    ///   - rememberedActors: dead actors that are remembered; likewise for the other tables.
    package init(
        epoch: UInt32 = 1, isStored: Bool = false, endsWithDriver: Bool = false,
        rememberedActors: Int = Limits.deadActors, rememberedNodes: Int = Limits.deadNodes,
        rememberedJobs: Int = Limits.endedJobs, rememberedWorkers: Int = Limits.lostWorkers,
        rememberedTasks: Int = Limits.taskAttempts, retainedMessages: Int = Limits.retainedMessages,
        rememberedGroups: Int = Limits.removedGroups
    ) {
        self.epoch = epoch
        self.isStored = isStored
        tasks = TaskEventManager(remembered: rememberedTasks)
        publisher = Publisher(epoch: epoch, retained: retainedMessages)
        nodes = NodeManager(remembered: rememberedNodes)
        jobs = JobManager(remembered: rememberedJobs)
        actors = ActorManager(epoch: epoch, remembered: rememberedActors)
        actors.endsWithDriver = endsWithDriver
        workers = WorkerManager(remembered: rememberedWorkers)
        placementGroups = PlacementGroupManager(remembered: rememberedGroups)
    }

    // MARK: Messages

    package mutating func receive(_ message: Message, from: Address, now: UInt64, into out: inout [GCSDirective]) {
        event(into: &out) { $0.take(message, from: from, now: now, into: &$1) }
    }

    private mutating func take(_ message: Message, from: Address, now: UInt64, into out: inout [GCSDirective]) {
        var isExpected = true
        actors.heard(from)
        switch message {
        case .registerNode(let m):
            let isKnown = nodes.entries[from.nodeID] != nil, isNews = nodes.isNews(m, from: from)
            if let joined = nodes.register(m, from: from, into: &out) {
                if isKnown, isNews { reconcile(m, from, into: &out) }
                if !joined.isEmpty {
                    placementGroups.tryWaiting(nodes: &nodes, into: &out)
                    createWaitingActors(into: &out)
                }
            } else {
                isExpected = false
            }
        case .resourceReport(let m):
            isExpected = nodes.report(m, from: from, into: &out)
            placementGroups.tryWaiting(nodes: &nodes, into: &out)
            if nodes.takeIsBack() { actors.createWaiting(nodes: &nodes, into: &out) }
        case .healthReply(let m): isExpected = nodes.isHealthy(m, from: from)
        case .gcsRequest(let m): answer(m, from: from, into: &out)
        case .pollChannel(let m): publisher.poll(m, from: from, snapshot: { [self] in snapshot(of: m.channel) }, into: &out)
        case .taskEvents(let m): tasks.receive(m)
        case .createPlacementGroup(let m):
            jobs.started(m.group.job, driver: nil, now: now)
            placementGroups.create(m, from: from, hasJobEnded: jobs.hasEnded(m.group.job), nodes: &nodes, into: &out)
        case .removePlacementGroup(let m): removeGroup(m.group, "was removed", into: &out)
        case .subscribePlacementGroup(let m): placementGroups.subscribe(m.group, from, into: &out)
        case .lookupPlacementGroup(let m): placementGroups.lookup(m, from: from, into: &out)
        case .bundlesReserved(let m):
            let (known, created) = placementGroups.reserved(m, from: from, nodes: &nodes, into: &out)
            isExpected = known
            if created != nil { createWaitingActors(into: &out) }
        case .bundlesSettled(let m): isExpected = placementGroups.settled(m, from: from)
        case .registerActor(let m):
            jobs.started(m.actor.job, driver: nil, now: now)
            actors.register(m, from: from, hasJobEnded: jobs.hasEnded(m.actor.job), nodes: &nodes, into: &out)
            endWithoutGroup(m.spec.options.strategy, into: &out)
        case .subscribeActor(let m): actors.subscribe(m.actor, from, nodes: &nodes, into: &out)
        case .lookupActor(let m): actors.lookup(m, from: from, into: &out)
        case .killActor(let m): isExpected = actors.kill(m, from: from, into: &out)
        case .actorOutOfScope(let m): actors.outOfScope(m, from: from, into: &out)
        case .restartActor(let m):
            let strategy = actors.comeBack(m, from: from, hasJobEnded: jobs.hasEnded(m.actor.job), nodes: &nodes, into: &out)
            if let strategy { endWithoutGroup(strategy, into: &out) }
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
        event(into: &out) {
            $0.jobs.started(job, driver: driver, now: now)
            $0.actors.retell(driver, into: &$1)
        }
    }

    /// A process is gone, and with it the actors that it made: it would not have left in peace while one of them was in use.
    package mutating func connectionLost(_ peer: Address, now: UInt64, into out: inout [GCSDirective]) {
        event(into: &out) { $0.lost(peer, into: &$1) }
    }

    private mutating func lost(_ peer: Address, into out: inout [GCSDirective]) {
        publisher.subscriberGone { $0 == peer }
        if peer.isRaylet { return nodes.connectionLost(peer.nodeID, into: &out) }
        guard peer.isProcess else { return }
        // A driver may come back: its subscriptions stay until its job ends.
        if jobs.connectionLost(peer, into: &out) { return }
        actors.subscriberGone { $0 == peer }
        placementGroups.subscriberGone { $0 == peer }
        actors.ownerLost(peer, into: &out)
        actors.constructorLost(at: peer, into: &out)
    }

    /// The shell knows (by its health check) that a node is dead.
    package mutating func nodeDied(_ node: NodeID, now: UInt64, into out: inout [GCSDirective]) {
        event(into: &out) { $0.bury(node, into: &$1) }
    }

    private mutating func bury(_ node: NodeID, into out: inout [GCSDirective]) {
        guard nodes.died(node, into: &out) else { return }
        actors.subscriberGone { $0.node == node.value }
        publisher.subscriberGone { $0.node == node.value }
        placementGroups.subscriberGone { $0.node == node.value }
        placementGroups.nodeDied(node, nodes: &nodes, into: &out)
        actors.nodeDied(node, nodes: &nodes, into: &out)
        // Who waited for it to come back goes elsewhere, or learns that nobody else can do it.
        actors.createWaiting(nodes: &nodes, into: &out)
        publisher.publish(
            .error, key: RowKey.node(node),
            row: ErrorRecord(.workerCrashed, "node \(node) is dead", node: "\(node)").encoded)
    }

    package mutating func timerFired(_ timer: GCSTimer, now: UInt64, into out: inout [GCSDirective]) {
        event(into: &out) { $0.fire(timer, now: now, into: &$1) }
    }

    private mutating func fire(_ timer: GCSTimer, now: UInt64, into out: inout [GCSDirective]) {
        switch timer {
        case .broadcast: nodes.broadcastDue(into: &out)
        case .health:
            counters.healthChecks += 1
            for node in nodes.checkHealth(number: counters.healthChecks, into: &out) { bury(node, into: &out) }
            out.append(.startTimer(.health, afterNS: Limits.healthPeriodNS))
        case .nodeGone(let node, let generation): if nodes.isGone(node, generation: generation) { bury(node, into: &out) }
        case .driverGone(let job, let generation): if jobs.isGone(job, generation: generation) { endJob(job, now: now, into: &out) }
        case .restartActor(let id, let incarnation): actors.restartDue(id, incarnation: incarnation, nodes: &nodes, into: &out)
        case .unknownActor(let id): actors.unknownExpired(id, into: &out)
        case .placementGroups: placementGroups.sweepDue(nodes: &nodes, into: &out)
        case .endActor(let id, let incarnation): actors.endExpired(id, incarnation: incarnation, into: &out)
        case .ownerGone(let owner, let generation): actors.ownerExpired(owner, generation: generation, into: &out)
        case .pushAgain(let id): actors.pushAgain(id, into: &out)
        }
    }

    /// The finished calls of an actor in the order executed; empty for one without a past.
    package mutating func actorHistoryLoaded(_ actor: ActorID, _ calls: [LoggedCall], now: UInt64, into out: inout [GCSDirective]) {
        event(into: &out) { if !$0.actors.historyLoaded(actor, calls, nodes: &$0.nodes, into: &$1) { $0.counters.unexpected += 1 } }
    }

    package mutating func actorHistoryFailed(_ actor: ActorID, _ error: ErrorRecord, now: UInt64, into out: inout [GCSDirective]) {
        event(into: &out) { if !$0.actors.historyFailed(actor, error, into: &$1) { $0.counters.unexpected += 1 } }
    }

    /// Handles recorded in an earlier epoch name `old`: they mean `target` in this one.
    package mutating func alias(old: ActorID, to target: ActorID, now: UInt64, into out: inout [GCSDirective]) {
        event(into: &out) { $0.actors.alias(old, to: target, nodes: &$0.nodes, into: &$1) }
    }

    private mutating func removeGroup(_ group: PlacementGroupID, _ why: String, into out: inout [GCSDirective]) {
        guard placementGroups.remove(group, why, nodes: &nodes, into: &out) else { return }
        actors.groupRemoved(group, PlacementGroupManager.removal(group, why), into: &out)
    }

    /// Of a group that was removed nothing will be heard.
    private mutating func endWithoutGroup(_ strategy: SchedulingStrategy, into out: inout [GCSDirective]) {
        guard let group = strategy.group, placementGroups.state(of: group) ?? .removed == .removed else { return }
        actors.groupRemoved(group, PlacementGroupManager.removal(group, "is not there (any more)"), into: &out)
    }

    private mutating func createWaitingActors(into out: inout [GCSDirective]) {
        actors.createWaiting(nodes: &nodes, into: &out)
    }

    private mutating func endJob(_ job: JobID, now: UInt64, into out: inout [GCSDirective]) {
        guard jobs.end(job, now: now) else { return }
        actors.jobEnded(job, into: &out)
        for group in placementGroups.groups(of: job) { removeGroup(group, "went with its job", into: &out) }
        if let driver = jobs.driver(of: job) { actors.subscriberGone { $0 == driver } }
        for node in nodes.alive { out.append(.send(.jobEnded(JobEnded(job: job)), to: node.raylet)) }
    }
}

/// What has happened since the GCS started.
package struct GCSCounters: Hashable, Sendable {
    package var messages: UInt64 = 0
    /// Messages and events that make no sense (any more); they change nothing.
    package var unexpected: UInt64 = 0
    /// Rounds of health checks.
    package var healthChecks: UInt64 = 0
}
