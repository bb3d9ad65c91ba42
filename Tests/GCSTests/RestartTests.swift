import Raylet
import RayflowCore
import Testing

@testable import GCS

@Suite("A GCS that starts again") struct RestartTests {
    /// Actors and tasks on two nodes; the GCS dies after the `k`-th message that it has received.
    private func cluster(seed: UInt64, diesAfter: Int?) -> MiniCluster {
        var cluster = MiniCluster(seed: seed, nodes: 2)
        cluster.gcsDiesAfter = diesAfter
        for number in 1...5 as ClosedRange<UInt64> {
            cluster.createActor(number, cpus: number == 1 ? 1 : 0, restarts: 1)
            cluster.submit(.cpus(1), isStep: number % 2 == 0)
            cluster.run(12)
        }
        cluster.killRandomWorker()
        cluster.send(
            .killActor(KillActor(actor: ActorID(unique: 4, salt: 0, job: MiniCluster.job), noRestart: true)), from: cluster.driver, to: .gcs
        )
        cluster.run(100_000)
        return cluster
    }

    @Test(
        "after whichever message the GCS dies, actors settle, tasks finish, and the books of both sides are equal", arguments: UInt64(1)...3
    )
    func everyMessage(_ seed: UInt64) throws {
        let undisturbed = cluster(seed: seed, diesAfter: nil)
        #expect(undisturbed.gcsMessages > 20)
        for k in 1...undisturbed.gcsMessages {
            let cluster = cluster(seed: seed, diesAfter: k)
            #expect(cluster.isQuiet, "after \(k)")
            #expect(cluster.finishedTasks == 5, "after \(k)")
            let views = cluster.gcs.actorViews
            #expect(views.count == 5 && cluster.registrations.isEmpty, "after \(k)")
            for view in views {
                #expect(view.state == .alive || view.state == .dead, "actor \(view.actor) after \(k): \(view.state)")
                #expect(cluster.actors[view.actor]?.state == view.state, "the driver knows, after \(k)")
            }
            let held = Set(views.compactMap(\.lease))
            let granted = cluster.raylets.values.flatMap { $0.snapshot(now: 0).granted.filter { $0.kind == .actor }.map(\.lease) }
            #expect(Set(granted) == held && granted.count == held.count, "no worker is leaked or lost, after \(k)")
        }
    }

    @Test("it can die again and again") func manyTimes() {
        for seed in UInt64(1)...20 {
            var cluster = MiniCluster(seed: seed, nodes: 3)
            for number in 1...6 as ClosedRange<UInt64> {
                cluster.createActor(number, cpus: 0, restarts: 3)
                cluster.submit(.cpus(1), isStep: false)
                cluster.run(8)
                cluster.restartGCS()
            }
            cluster.faults = false
            cluster.run(100_000)
            #expect(cluster.isQuiet && cluster.finishedTasks == 6)
            #expect(cluster.gcs.epoch == 7)
            #expect(cluster.gcs.actorViews.allSatisfy { $0.state == .alive || $0.state == .dead })
        }
    }

    @Test("a living actor stays, with its name; one that died meanwhile is restarted or its name is free") func actors() throws {
        var bench = GCSBench(isStored: true)
        let stays = bench.register(1, name: "stays")
        let (lease, worker) = try bench.bringToLife(worker: 501)
        let goes = bench.register(2, name: "goes")
        try bench.bringToLife(worker: 502)
        let again = bench.register(3, name: "again", restarts: 1)
        try bench.bringToLife(worker: 503)
        bench.restartGCS()
        #expect(bench.gcs.epoch == 2)
        func state(_ bench: GCSBench, _ actor: ActorID) -> ActorState? { bench.gcs.actorViews.first { $0.actor == actor }?.state }
        #expect(state(bench, goes) == .alive, "nothing is known yet")
        bench.rejoin(1, leases: [lease])
        #expect(state(bench, stays) == .alive && state(bench, goes) == .dead && state(bench, again) == .restarting)
        #expect(bench.gcs.actorViews.first { $0.actor == stays }?.worker == worker)
        #expect(bench.gcs.actors.names[ActorName(name: "goes", namespace: "")] == nil)
        bench.register(4, name: "goes")
        #expect(bench.reply(4)?.error == nil)
        bench.register(5, name: "stays")
        #expect(bench.reply(5)?.error?.code == .invalidArgument)
    }

    @Test("what was pending goes on: leases are asked for again, constructors pushed again, leaked leases given back") func pending() throws
    {
        var bench = GCSBench(isStored: true)
        bench.register(1)
        let leasing = try #require(bench.lastRequest).message.lease
        bench.register(2)
        let (creating, worker) = try bench.grant(worker: 502)
        bench.restartGCS()
        #expect(bench.requests == 0, "the raylet is not there yet")
        let leaked = LeaseID(owner: 0, number: 1 << 40 | 999)
        bench.rejoin(1, leases: [leasing, creating, leaked])
        #expect(bench.requests == 1 && bench.lastRequest?.message.lease == leasing)
        #expect(bench.lastPush?.lease == creating)
        #expect(bench.returned(leaked) == [true])
        try bench.answer(from: worker)
        #expect(bench.gcs.actorViews.first { $0.lease == creating }?.state == .alive)
        // Leases of the new GCS have new numbers.
        bench.register(3)
        #expect(try #require(bench.lastRequest).message.lease.number >> 40 == 2)
    }

    @Test("a node that does not come back is dead, and its actors restart elsewhere") func nodeGone() throws {
        var bench = GCSBench(nodes: [1, 2], isStored: true)
        let actor = bench.register(1, cpus: 1, restarts: 1)
        let raylet = try #require(bench.lastRequest).to
        try bench.bringToLife()
        bench.restartGCS()
        let other: UInt64 = raylet.node == 1 ? 2 : 1
        bench.rejoin(other)
        let timer = try #require(bench.timers.first { if case .nodeGone(raylet.nodeID, _) = $0.timer { true } else { false } })
        #expect(timer.after == Limits.reconnectNS)
        bench.fire(timer.timer)
        try bench.restart()
        #expect(bench.lastRequest?.to == .raylet(of: NodeID(other)))
        #expect(bench.gcs.actorViews.first { $0.actor == actor }?.incarnation == 2)
    }

    @Test("a driver that does not come back ends its job; one that does keeps it") func driverGone() throws {
        var bench = GCSBench(isStored: true)
        bench.step { $0.jobStarted(GCSBench.job, driver: GCSBench.driver, now: $1, into: &$2) }
        bench.step { $0.jobStarted(JobID(2), driver: GCSBench.other, now: $1, into: &$2) }
        bench.restartGCS()
        bench.step { $0.jobStarted(GCSBench.job, driver: GCSBench.driver, now: $1, into: &$2) }
        for timer in bench.timers.map(\.timer) { if case .driverGone = timer { bench.fire(timer) } }
        #expect(!bench.gcs.jobs.hasEnded(GCSBench.job) && bench.gcs.jobs.hasEnded(JobID(2)))
        bench.rejoin(1, jobs: [GCSBench.job, JobID(2)])
        #expect(bench.sent.contains { if case .jobEnded(let m) = $0.message { m.job == JobID(2) } else { false } })
    }

    @Test("what is promised is written before it is said") func writeAhead() {
        var gcs = GCSInstance(isStored: true)
        var out: [GCSDirective] = []
        gcs.receive(
            .gcsRequest(GCSRequest(request: 1, operation: .putKey(namespace: "", key: "k", value: [1], overwrite: true))),
            from: GCSBench.driver, now: 0, into: &out)
        guard out.count == 2, case .persist(let changes) = out[0], case .send(.gcsReply, _) = out[1] else { return #expect(Bool(false)) }
        #expect(changes.map(\.table) == [.keyValue])
    }

    @Test("stored tables that cannot be read are refused, never guessed") func damaged() {
        var contents = StoreContents()
        contents.apply([StoreChange(table: .actor, key: [1], value: [2])])
        var gcs = GCSInstance(isStored: true)
        var out: [GCSDirective] = []
        #expect(throws: RayflowError.self) { try gcs.restore(contents, now: 0, into: &out) }
    }

    @Test("a raylet that answers no health check is dead; one that answers any is not") func health() {
        var bench = GCSBench(nodes: [1, 2])
        for number in 1...UInt64(Limits.missedHealthChecks + 1) {
            bench.fire(.health)
            bench.receive(.healthReply(HealthReply(node: NodeID(1), number: number)), from: .raylet(of: NodeID(1)))
        }
        #expect(bench.gcs.nodes.alive.map(\.node) == [NodeID(1)])
        #expect(bench.timers.filter { $0.timer == .health }.map(\.after).allSatisfy { $0 == Limits.healthPeriodNS })
    }
}
