import RayflowCore
import Testing

@testable import GCS

@Suite("Actors") struct ActorTests {
    @Test("an actor is leased a worker, constructed, and told to its subscribers") func life() throws {
        var bench = GCSBench()
        let actor = bench.register(cpus: 1)
        #expect(bench.reply(1)?.error == nil)
        bench.subscribe(actor)
        let request = try #require(bench.lastRequest)
        #expect(request.message.kind == .actor)
        #expect(request.message.resources == .cpus(1))
        #expect(request.to == .raylet(of: NodeID(1)))
        let (lease, worker) = try bench.grant()
        let push = try #require(bench.lastPush)
        #expect(push.lease == lease)
        #expect(push.spec.kind == .actorCreation)
        try bench.answer(from: worker)
        let updates = bench.updates()
        #expect(updates.map(\.state) == [.pending, .alive])
        #expect(updates.last?.worker == worker)
        #expect(updates.last?.incarnation == 1)
        bench.subscribe(actor)
        #expect(bench.updates().last?.state == .alive)
        #expect(bench.gcs.actorViews.first?.worker == worker)
    }

    @Test("the same registration again gets the same answer and makes nothing") func idempotentRegistration() {
        var bench = GCSBench()
        bench.register(name: "a")
        bench.register(name: "a")
        #expect(bench.requests == 1)
        #expect(bench.sent.count { if case .actorReply(let m) = $0.message { m.error == nil } else { false } } == 2)
    }

    @Test("a name stands for one living actor in its namespace") func names() throws {
        var bench = GCSBench()
        let first = bench.register(1, name: "a")
        bench.register(2, name: "a")
        #expect(bench.reply(2)?.error?.code == .invalidArgument)
        #expect(bench.reply(2)?.error?.message == "the name \"a\" is taken by a living actor")
        bench.receive(.lookupActor(LookupActor(request: 9, name: "a", namespace: "")), from: GCSBench.other)
        guard case .lookupReply(let found)? = bench.sent.last?.message else { return #expect(Bool(false)) }
        #expect(found.actor == first && found.typeName == "Counter")
        bench.receive(.killActor(KillActor(actor: first, noRestart: true)), from: GCSBench.driver)
        bench.receive(.lookupActor(LookupActor(request: 10, name: "a", namespace: "")), from: GCSBench.other)
        guard case .lookupReply(let gone)? = bench.sent.last?.message else { return #expect(Bool(false)) }
        #expect(gone.actor == nil)
        bench.register(3, name: "a")
        #expect(bench.reply(3)?.error == nil)
    }

    @Test("get-if-exists gives the living actor of the name, also by the new id") func getIfExists() throws {
        var bench = GCSBench()
        let first = bench.register(1, name: "a", getIfExists: true)
        let second = bench.register(2, name: "a", getIfExists: true)
        #expect(bench.reply(2)?.actor == first)
        #expect(bench.reply(2)?.error == nil)
        bench.register(2, name: "a", getIfExists: true)
        #expect(bench.reply(2)?.actor == first)
        let (_, worker) = try bench.bringToLife()
        bench.subscribe(second)
        #expect(bench.updates().last?.actor == second)
        #expect(bench.updates().last?.worker == worker)
        bench.register(3, name: "a", type: "Other", getIfExists: true)
        #expect(bench.reply(3)?.error?.code == .typeMismatch)
        #expect(bench.requests == 1)
    }

    @Test("a constructor that fails is the end, with its error and type as the cause") func constructorFails() throws {
        var bench = GCSBench()
        let actor = bench.register(restarts: 5)
        bench.subscribe(actor)
        let (lease, worker) = try bench.grant()
        let cause = ErrorRecord(.taskFailed, "no such file", remoteType: "FileError", typed: Payload(type: "FileError", bytes: [1]))
        try bench.answer(.failed(cause, isApplicationError: true), from: worker)
        let error = try #require(bench.updates().last?.error)
        #expect(bench.updates().last?.state == .dead)
        #expect(error.code == .actorDied)
        #expect(error.message == "actor Counter is dead: its constructor failed: no such file")
        #expect(error.typed == cause.typed && error.remoteType == "FileError")
        #expect(bench.returned(lease) == [true])
    }

    @Test("an actor whose worker is lost restarts as often as it may, each time as a newer incarnation") func restarts() throws {
        var bench = GCSBench()
        let actor = bench.register(restarts: 1)
        bench.subscribe(actor)
        let first = try bench.bringToLife()
        bench.lose(first.lease, first.worker)
        #expect(bench.updates().last?.state == .restarting)
        #expect(bench.updates().last?.incarnation == 2)
        #expect(bench.updates().last?.error?.code == .workerCrashed)
        #expect(bench.timers.last?.after == 0)
        try bench.restart()
        let second = try bench.bringToLife(worker: 501)
        #expect(second.lease != first.lease)
        #expect(bench.lastPush?.spec.attempt == Attempt(epoch: 1, number: 2))
        #expect(bench.updates().last?.state == .alive)
        #expect(bench.updates().last?.incarnation == 2)
        bench.lose(second.lease, second.worker)
        #expect(bench.updates().last?.state == .dead)
        #expect(
            bench.updates().last?.error?.message
                == "actor Counter is dead: worker process 5 was killed by SIGSEGV (after 1 restarts)")
        #expect(bench.gcs.workers.count == 2)
        #expect(bench.gcs.workers[second.worker]?.error.code == .workerCrashed)
    }

    @Test("an actor that never comes to life restarts after pauses that double") func restartPauses() throws {
        var bench = GCSBench()
        bench.register(restarts: -1)
        var pauses: [UInt64] = []
        for round in 0..<10 {
            let (lease, worker) = try bench.grant(worker: UInt64(600 + round))
            bench.lose(lease, worker)
            pauses.append(try #require(bench.timers.last).after / 1_000_000)
            try bench.restart()
        }
        #expect(pauses == [0, 100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000])
        try bench.bringToLife()
        let lease = try #require(bench.lastRequest).message.lease
        bench.lose(lease, Address.process(id: 500, on: NodeID(1)))
        #expect(bench.timers.last?.after == 0)
    }

    @Test("a spillback is followed, and a repeated one of the first raylet is ignored") func spillback() throws {
        var bench = GCSBench(nodes: [1, 2, 3])
        bench.register()
        let request = try #require(bench.lastRequest)
        let spill = Message.leaseSpillback(LeaseSpillback(lease: request.message.lease, raylet: .raylet(of: NodeID(3))))
        bench.receive(spill, from: request.to)
        bench.receive(spill, from: request.to)
        #expect(bench.requests == 2)
        #expect(bench.lastRequest?.to == .raylet(of: NodeID(3)))
        #expect(bench.lastRequest?.message.hops == 1)
        #expect(bench.lastRequest?.message.lease == request.message.lease)
        bench.receive(
            .leaseSpillback(LeaseSpillback(lease: request.message.lease, raylet: .raylet(of: NodeID(77)))), from: .raylet(of: NodeID(3)))
        #expect(bench.requests == 3, "a raylet that nobody knows is not asked")
        #expect(bench.lastRequest?.message.lease != request.message.lease)
    }

    @Test("a detached actor outlives its job and its owner, leased under no job; a cluster inside of a driver refuses it") func detached()
        throws
    {
        var bench = GCSBench()
        let actor = bench.register(isDetached: true)
        bench.subscribe(actor)
        #expect(bench.lastRequest?.message.job == JobID(0))
        try bench.bringToLife()
        bench.step { $0.connectionLost(GCSBench.driver, now: $1, into: &$2) }
        bench.receive(.jobEnded(JobEnded(job: GCSBench.job)), from: GCSBench.driver)
        #expect(bench.updates().last?.state == .alive)
        var embedded = GCSBench(nodes: [])
        embedded.gcs = GCSInstance(endsWithDriver: true)
        embedded.register(isDetached: true)
        #expect(embedded.reply(1)?.error?.code == .needsCluster)
    }

    @Test("an actor that exits by itself is not restarted, and nobody else can say that it does") func exits() throws {
        var bench = GCSBench()
        let actor = bench.register(restarts: -1)
        bench.subscribe(actor)
        let (lease, worker) = try bench.bringToLife()
        let exiting = Message.actorExiting(ActorExiting(actor: actor, error: ErrorRecord(.actorDied, "bye")))
        bench.receive(exiting, from: GCSBench.other)
        #expect(bench.updates().last?.state == .alive)
        bench.receive(exiting, from: worker)
        #expect(bench.updates().last?.error?.message == "actor Counter is dead: it has exited")
        #expect(bench.returned(lease) == [true])
    }

    @Test("of two grants for one request the second goes back, unless it is the first once more") func grantedTwice() throws {
        var bench = GCSBench()
        bench.register()
        let (lease, worker) = try bench.grant()
        func grant(_ worker: Address, _ bench: inout GCSBench) {
            let node = worker.nodeID
            bench.receive(.leaseGranted(LeaseGranted(lease: lease, worker: worker, node: node)), from: .raylet(of: node))
        }
        grant(worker, &bench)
        #expect(bench.returned(lease).isEmpty)
        let other = NodeID(99)
        grant(.process(id: 700, on: other), &bench)
        #expect(bench.returned(lease) == [true] && bench.sent.last?.to == .raylet(of: other))
        try bench.answer(from: worker)
        grant(.process(id: 700, on: other), &bench)
        #expect(bench.returned(lease) == [true, true])
        bench.lose(lease, .process(id: 700, on: other))
        #expect(bench.gcs.actors.actors[GCSBench.actor(1)]?.lease?.id == lease, "that was not its process")
    }

    @Test("an actor that nobody needs is asked to end, and goes with that as the reason; one that does not go in time is ended")
    func gentleEnd() throws {
        var bench = GCSBench()
        let actor = bench.register(restarts: -1)
        bench.subscribe(actor)
        let (lease, worker) = try bench.grant()
        bench.receive(.actorOutOfScope(ActorOutOfScope(actor: actor)), from: GCSBench.driver)
        try bench.answer(from: worker)
        let asked = bench.sent.filter { if case .endActor = $0.message { true } else { false } }
        #expect(asked.map(\.to) == [worker], "when it lives, and once")
        #expect(bench.timers.last?.timer == .endActor(actor, incarnation: 1))
        bench.lose(lease, worker)
        #expect(bench.updates().last?.state == .dead, "a crash meanwhile restarts nothing")
        #expect(bench.updates().last?.error?.message == "actor Counter is dead: it is out of scope: its last handle is gone")
        #expect(bench.updates().last?.error?.reason == .refDeleted)
        let other = bench.register(2)
        let second = try bench.bringToLife(worker: 501)
        bench.receive(.actorOutOfScope(ActorOutOfScope(actor: other)), from: GCSBench.driver)
        bench.fire(.endActor(other, incarnation: 1))
        #expect(bench.returned(second.lease) == [true])
    }

    @Test("without a node an actor waits; what no node can hold is dead at once, with the reason") func infeasible() throws {
        var bench = GCSBench(nodes: [])
        let actor = bench.register(1, cpus: 2), big = bench.register(2, cpus: 64)
        bench.subscribe(actor)
        bench.subscribe(big)
        #expect(bench.requests == 0)
        bench.join(1)
        #expect(bench.requests == 1)
        #expect(bench.updates().last?.state == .dead)
        #expect(bench.updates().last?.error?.code == .unschedulable)
        #expect(bench.updates().last?.error?.message == "needs CPU: 64, but no node has more than 4 in total")
    }

    @Test("the best node is asked: packed until half full, then the least loaded, counting what was just sent there") func bestNode() throws
    {
        var bench = GCSBench(nodes: [1, 2])
        var asked: [UInt64] = []
        for number in 1...6 {
            bench.register(UInt64(number), cpus: 1)
            asked.append(try #require(bench.lastRequest).to.node)
        }
        #expect(asked == [1, 1, 2, 2, 1, 2])
    }

    @Test("a raylet's refusal ends the actor, but a worker that would not start counts as a life") func rejection() throws {
        var bench = GCSBench()
        let actor = bench.register(1, restarts: 1)
        bench.subscribe(actor)
        func refuse(_ code: RayflowError.Code) {
            guard let asked = bench.lastRequest else { return #expect(Bool(false), "nothing was asked for") }
            bench.receive(.leaseRejected(LeaseRejected(lease: asked.message.lease, error: ErrorRecord(code, "reason"))), from: asked.to)
        }
        refuse(.workerCrashed)
        #expect(bench.updates().last?.state == .restarting)
        try bench.restart()
        refuse(.objectLost)
        #expect(bench.updates().last?.error?.code == .actorDied)
        #expect(bench.updates().last?.error?.message == "actor Counter is dead: it could not be created: reason")
        bench.register(2)
        bench.subscribe(GCSBench.actor(2))
        refuse(.unschedulable)
        #expect(bench.updates().last?.error?.code == .unschedulable)
        // Another worker of that program would be turned away as well: it is not restarted without end.
        bench.register(3, restarts: -1)
        bench.subscribe(GCSBench.actor(3))
        refuse(.programMismatch)
        #expect(bench.updates().last?.error?.code == .programMismatch)
        #expect(!bench.sent.contains { if case .cancelLease = $0.message { true } else { false } })
    }

    @Test("killing for good ends the actor at once, in whatever stage") func kill() throws {
        var bench = GCSBench()
        let leasing = bench.register(1)
        let asked = try #require(bench.lastRequest)
        bench.receive(.killActor(KillActor(actor: leasing, noRestart: true)), from: GCSBench.driver)
        let cancelled = bench.sent.compactMap { if case .cancelLease(let m) = $0.message { m.lease } else { nil } }
        #expect(cancelled == [asked.message.lease])
        let worker = Address.process(id: 7, on: NodeID(1))
        bench.receive(.leaseGranted(LeaseGranted(lease: asked.message.lease, worker: worker, node: NodeID(1))), from: asked.to)
        #expect(bench.returned(asked.message.lease) == [true], "the grant crossed the cancellation")

        let alive = bench.register(2, restarts: 3)
        bench.subscribe(alive)
        let life = try bench.bringToLife()
        bench.receive(.killActor(KillActor(actor: alive, noRestart: true)), from: GCSBench.driver)
        #expect(bench.updates().last?.state == .dead)
        #expect(bench.updates().last?.error?.message == "actor Counter is dead: it was killed")
        #expect(bench.returned(life.lease) == [true])
        bench.lose(life.lease, life.worker)
        #expect(bench.updates().last?.state == .dead)
        bench.subscribe(alive)
        #expect(bench.updates().last?.state == .dead)
    }

    @Test("killing with restart waits until the old process is seen gone") func killWithRestart() throws {
        var bench = GCSBench()
        let actor = bench.register(restarts: 1)
        bench.subscribe(actor)
        let life = try bench.bringToLife()
        bench.receive(.killActor(KillActor(actor: actor, noRestart: false)), from: GCSBench.driver)
        #expect(bench.returned(life.lease) == [true])
        #expect(bench.requests == 1)
        bench.lose(life.lease, life.worker)
        try bench.restart()
        #expect(bench.requests == 2)
    }

    @Test("the end of its job ends an actor, and none is made for that job any more") func jobEnds() throws {
        var bench = GCSBench()
        let actor = bench.register()
        bench.subscribe(actor)
        let life = try bench.bringToLife()
        bench.receive(.jobEnded(JobEnded(job: GCSBench.job)), from: GCSBench.driver)
        #expect(bench.updates().last?.error?.message == "actor Counter is dead: its job has ended")
        #expect(bench.returned(life.lease) == [true])
        bench.register(2)
        #expect(bench.reply(2)?.error?.code == .cancelled)
    }

    @Test("an actor dies with the worker that made it") func ownerGone() throws {
        var bench = GCSBench()
        let owner = Address(node: 1, entity: 51)
        let other = bench.register(1, owner: Address(node: 1, entity: 50)), crashed = bench.register(2, owner: owner)
        bench.step { $0.connectionLost(owner, now: $1, into: &$2) }
        #expect(bench.gcs.actors.actors[crashed]?.isDead == false, "maybe only the connection broke")
        bench.receive(.subscribeActor(SubscribeActor(actor: crashed)), from: owner)
        bench.fireAll()
        #expect(bench.gcs.actors.actors[crashed]?.isDead == false, "it is there")
        bench.step { $0.connectionLost(owner, now: $1, into: &$2) }
        bench.fireAll()
        #expect(bench.gcs.actors.actors[other]?.isDead == false)
        #expect(bench.gcs.actors.actors[crashed]?.isDead == true)
    }

    @Test("a constructor whose worker cannot be reached is pushed again until it is answered or its raylet reports the end")
    func pushedAgain()
        throws
    {
        var bench = GCSBench()
        let actor = bench.register()
        let (lease, worker) = try bench.grant()
        for round in 1...3 {
            bench.step { $0.connectionLost(worker, now: $1, into: &$2) }
            bench.step { $0.connectionLost(worker, now: $1, into: &$2) }
            #expect(bench.timers.filter { $0.timer == .pushAgain(actor) }.count == round, "one end may be told twice")
            bench.fire(.pushAgain(actor))
            #expect(bench.pushes(on: lease) == round + 1)
        }
        try bench.answer(from: worker)
        #expect(bench.gcs.actorViews.first?.state == .alive)
        bench.step { $0.connectionLost(worker, now: $1, into: &$2) }
        bench.fire(.pushAgain(actor))
        #expect(bench.pushes(on: lease) == 4, "it lives: its raylet says when it does not")
    }

    @Test("who kills an actor for good hears that it is dead, also when it asks again or the actor was never there") func killAnswered()
        throws
    {
        var bench = GCSBench()
        let actor = bench.register()
        try bench.bringToLife()
        for id in [actor, actor, GCSBench.actor(999)] {
            bench.sent = []
            bench.receive(.killActor(KillActor(actor: id, noRestart: true)), from: GCSBench.other)
            #expect(bench.updates().map(\.state) == [.dead])
        }
    }

    @Test("when a node dies its actors restart elsewhere, and those only asked for there lose no life") func nodeDies() throws {
        var bench = GCSBench(nodes: [1, 2])
        let alive = bench.register(1, cpus: 1, restarts: 1)
        let life = try bench.bringToLife()
        let leasing = bench.register(2, cpus: 1)
        #expect(bench.lastRequest?.to == .raylet(of: NodeID(1)))
        bench.step { $0.nodeDied(NodeID(1), now: $1, into: &$2) }
        #expect(bench.lastRequest?.to == .raylet(of: NodeID(2)))
        #expect(bench.gcs.actors.actors[leasing]?.incarnation == 1)
        #expect(bench.gcs.actors.actors[alive]?.incarnation == 2)
        bench.lose(life.lease, life.worker)
        #expect(bench.gcs.actors.actors[alive]?.incarnation == 2, "known already")
        try bench.restart()
        #expect(bench.requests == 4)
    }

    @Test("who asks for an actor that nobody registers is told that there is none") func unknown() {
        var bench = GCSBench()
        let actor = GCSBench.actor(5)
        bench.subscribe(actor)
        bench.subscribe(actor)
        #expect(bench.updates().isEmpty)
        #expect(bench.timers.map(\.timer) == [.unknownActor(actor)])
        bench.fire(.unknownActor(actor))
        #expect(bench.updates().map(\.state) == [.dead])
        #expect(bench.updates().first?.error?.code == .actorDied)
        #expect(bench.updates().first?.error?.message.hasPrefix("unknown actor") == true)
    }

    @Test("a subscription that overtakes the registration is served by it") func subscribeBeforeRegister() throws {
        var bench = GCSBench()
        bench.subscribe(GCSBench.actor(1))
        bench.register(1)
        try bench.bringToLife()
        bench.fire(.unknownActor(GCSBench.actor(1)))
        #expect(bench.updates().map(\.state) == [.pending, .alive])
    }

    @Test("a subscriber that is gone hears nothing more") func subscriberGone() throws {
        var bench = GCSBench()
        bench.subscribe(bench.register())
        bench.step { $0.connectionLost(GCSBench.other, now: $1, into: &$2) }
        try bench.bringToLife()
        #expect(bench.updates().map(\.state) == [.pending])
    }

    @Test("arguments of the constructor that lie on nodes are dependencies of its lease") func dependencies() throws {
        var bench = GCSBench()
        let id = ObjectID(task: TaskID(unique: 4, actor: .none(in: GCSBench.job)), index: 1)
        let stored = ResolvedDependency(id: id, owner: GCSBench.driver, state: .stored(nodes: [NodeID(3)], size: 9, refs: [], origins: []))
        let small = ResolvedDependency(id: id, owner: GCSBench.driver, state: .failed(ErrorRecord(.cancelled, "")))
        bench.register(resolved: [stored, small])
        #expect(bench.lastRequest?.message.dependencies == [Dependency(id: id, owner: GCSBench.driver, nodes: [NodeID(3)], size: 9)])
        try bench.grant()
        #expect(bench.lastPush?.resolved.count == 2)
    }

    @Test("dead actors are forgotten beyond the limit, with their aliases") func boundedHistory() {
        var bench = GCSBench(remembered: 5)
        for number in 1...50 {
            let actor = bench.register(UInt64(number), name: "n\(number)")
            bench.step { $0.alias(old: GCSBench.actor(UInt64(1000 + number)), to: actor, now: $1, into: &$2) }
            bench.receive(.killActor(KillActor(actor: actor, noRestart: true)), from: GCSBench.driver)
        }
        #expect(bench.gcs.actors.actors.count == 5)
        #expect(bench.gcs.actors.aliases.count == 5)
        #expect(bench.gcs.actors.names.isEmpty)
    }

    @Test("answers that come late or from the wrong place are counted and change nothing") func oddAnswers() throws {
        var bench = GCSBench()
        let actor = bench.register()
        let (lease, worker) = try bench.grant()
        try bench.answer(from: GCSBench.other)
        try bench.answer(.stale, from: worker)
        let raylet = Address.raylet(of: NodeID(1))
        bench.receive(.leaseSpillback(LeaseSpillback(lease: lease, raylet: raylet)), from: raylet)
        bench.receive(.leaseRejected(LeaseRejected(lease: lease, error: ErrorRecord(.cancelled, ""))), from: raylet)
        bench.step { $0.actorHistoryLoaded(actor, [], now: $1, into: &$2) }
        #expect(bench.gcs.counters.unexpected == 5)
        bench.receive(.leaseGranted(LeaseGranted(lease: lease, worker: worker, node: NodeID(1))), from: raylet)
        #expect(bench.returned(lease).isEmpty, "a repeated grant of what is held")
        try bench.answer(from: worker)
        #expect(bench.gcs.actorViews.first?.state == .alive)
    }
}
