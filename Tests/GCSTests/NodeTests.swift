import RayflowCore
import Testing

@testable import GCS

@Suite("Nodes and jobs") struct NodeTests {
    private func tables(_ bench: GCSBench) -> [(nodes: [NodeInfo], to: Address)] {
        bench.sent.compactMap { if case .nodeTable(let m) = $0.message { (m.nodes, $0.to) } else { nil } }
    }

    @Test("a node that joins is told to all, and told who is there") func join() {
        var bench = GCSBench(nodes: [1])
        bench.join(2)
        #expect(tables(bench).map(\.to) == [.raylet(of: NodeID(1)), .raylet(of: NodeID(2))])
        #expect(tables(bench).allSatisfy { $0.nodes.map(\.node) == [NodeID(1), NodeID(2)] })
    }

    @Test("a node that registers again gets the table and nobody else does") func registerAgain() {
        var bench = GCSBench(nodes: [1, 2])
        bench.join(2)
        #expect(tables(bench).map(\.to) == [.raylet(of: NodeID(2))])
    }

    @Test("reports are passed on once for many, and not at all when they change nothing or nobody else is there") func reports() {
        var bench = GCSBench(nodes: [1, 2])
        let raylet = Address.raylet(of: NodeID(1))
        for cpus in [4, 3, 2] { bench.receive(.resourceReport(ResourceReport(node: NodeID(1), available: .cpus(cpus))), from: raylet) }
        #expect(bench.timers.map(\.timer) == [.broadcast])
        #expect(tables(bench).isEmpty)
        bench.fire(.broadcast)
        #expect(tables(bench).count == 2)
        #expect(tables(bench)[0].nodes[0].available == .cpus(2))
        bench.fire(.broadcast)
        #expect(tables(bench).count == 2)

        var alone = GCSBench(nodes: [1])
        alone.receive(.resourceReport(ResourceReport(node: NodeID(1), available: .cpus(1))), from: raylet)
        #expect(alone.timers.isEmpty)
        #expect(alone.gcs.nodes.all[0].available == .cpus(1))
    }

    @Test("nobody speaks for another node, and impossible amounts are ignored") func foreignReports() {
        var bench = GCSBench(nodes: [1, 2])
        bench.receive(.resourceReport(ResourceReport(node: NodeID(1), available: .cpus(1))), from: .raylet(of: NodeID(2)))
        var impossible = ResourceSet()
        impossible["CPU"] = .min
        bench.receive(.resourceReport(ResourceReport(node: NodeID(1), available: impossible)), from: .raylet(of: NodeID(1)))
        let info = NodeInfo(node: NodeID(9), raylet: .raylet(of: NodeID(9)), total: impossible, available: impossible)
        bench.receive(.registerNode(RegisterNode(info: [info])), from: .raylet(of: NodeID(9)))
        bench.receive(.registerNode(RegisterNode(info: [info])), from: .raylet(of: NodeID(1)))
        #expect(bench.gcs.counters.unexpected == 4)
        #expect(bench.gcs.nodes.all.map(\.available) == [.cpus(4), .cpus(4)])
    }

    @Test("a raylet that comes back in time lives on; one that does not is dead for all, itself included") func death() {
        var bench = GCSBench(nodes: [1, 2])
        let raylet = Address.raylet(of: NodeID(2))
        bench.step { $0.connectionLost(raylet, now: $1, into: &$2) }
        bench.join(2)
        bench.fire(bench.timers[0].timer)
        #expect(bench.gcs.nodes.alive.count == 2)
        bench.sent = []
        bench.step { $0.connectionLost(raylet, now: $1, into: &$2) }
        #expect(bench.timers[1].after == Limits.nodeGraceNS)
        bench.fire(bench.timers[1].timer)
        #expect(bench.gcs.nodes.alive.map(\.node) == [NodeID(1)])
        #expect(tables(bench).map(\.to) == [.raylet(of: NodeID(1)), raylet])
        bench.sent = []
        bench.join(2)
        #expect(bench.gcs.nodes.alive.count == 1, "an incarnation that was declared dead stays dead")
        #expect(tables(bench).map(\.to) == [raylet])
        bench.receive(.resourceReport(ResourceReport(node: NodeID(2), available: .cpus(1))), from: raylet)
        #expect(tables(bench).count == 2)
    }

    @Test("dead nodes are forgotten beyond the limit") func boundedNodes() {
        var bench = GCSBench(nodes: [1], remembered: 5)
        for node in 10..<30 {
            bench.join(UInt64(node))
            bench.step { $0.nodeDied(NodeID(UInt64(node)), now: $1, into: &$2) }
        }
        #expect(bench.gcs.nodes.all.count == 6)
    }

    @Test("the end of a job is told to every raylet once") func jobEnds() {
        var bench = GCSBench(nodes: [1, 2])
        for _ in 0..<2 { bench.receive(.jobEnded(JobEnded(job: GCSBench.job)), from: GCSBench.driver) }
        #expect(bench.sent.count { if case .jobEnded = $0.message { true } else { false } } == 2)
        #expect(bench.gcs.jobs.all.first?.ended == bench.now)
    }

    @Test("a driver that comes back in time keeps its job; one that does not loses it") func driverGone() {
        var bench = GCSBench()
        bench.step { $0.jobStarted(GCSBench.job, driver: GCSBench.driver, now: $1, into: &$2) }
        let actor = bench.register()
        bench.step { $0.connectionLost(GCSBench.driver, now: $1, into: &$2) }
        #expect(bench.timers.last?.after == Limits.driverGraceNS)
        bench.step { $0.jobStarted(GCSBench.job, driver: GCSBench.driver, now: $1, into: &$2) }
        bench.fire(.driverGone(GCSBench.job, generation: 1))
        #expect(bench.gcs.actors.actors[actor]?.isDead == false)
        bench.step { $0.connectionLost(GCSBench.driver, now: $1, into: &$2) }
        let last = bench.timers.last { if case .driverGone = $0.timer { true } else { false } }
        if let last { bench.fire(last.timer) }
        #expect(bench.gcs.actors.actors[actor]?.isDead == true)
        #expect(bench.gcs.jobs.hasEnded(GCSBench.job))
    }

    @Test("a driver that comes back hears again what its actors are") func driverCatchesUp() throws {
        var bench = GCSBench()
        bench.step { $0.jobStarted(GCSBench.job, driver: GCSBench.driver, now: $1, into: &$2) }
        let actor = bench.register()
        bench.subscribe(actor, from: GCSBench.driver)
        bench.step { $0.connectionLost(GCSBench.driver, now: $1, into: &$2) }
        try bench.bringToLife()
        bench.step { $0.jobStarted(GCSBench.job, driver: GCSBench.driver, now: $1, into: &$2) }
        #expect(bench.updates(to: GCSBench.driver).map(\.state) == [.pending, .alive, .alive])
    }

    @Test("messages for others are counted and change nothing") func unexpected() {
        var bench = GCSBench()
        bench.receive(.shutdownWorker(ShutdownWorker()), from: GCSBench.driver)
        bench.receive(.killActor(KillActor(actor: GCSBench.actor(9), noRestart: true)), from: GCSBench.driver)
        #expect(bench.gcs.counters == GCSCounters(messages: 3, unexpected: 2))
        #expect(bench.sent.count == 1 && bench.updates(to: GCSBench.driver).map(\.state) == [.dead], "who kills is told")
    }
}
