import RayflowCore
import Testing

@testable import Raylet

@Suite("Placement and spillback") struct PlacementTests {
    private let remote = Address.raylet(of: NodeID(9))

    @Test("what no node can serve is refused, with the resource, what was asked and what there is") func infeasible() throws {
        var bench = RayletBench(cpus: 2)
        let lease = try bench.request(cpus: 8)
        let error = try #require(bench.rejection(of: lease))
        #expect(error.code == .unschedulable)
        #expect(error.message == "needs CPU: 8, but no node has more than 2 in total")
        let unknown = try bench.request(resources: ["robot": 1])
        #expect(bench.rejection(of: unknown)?.message == "needs robot: 1, but no node has more than 0 in total")
    }

    @Test("what only the sum of two nodes could serve is refused as well") func infeasibleTogether() throws {
        let gpuNode = NodeInfo(
            node: NodeID(9), raylet: remote, total: try ResourceSet(["GPU": 1]), available: try ResourceSet(["GPU": 1]))
        var bench = RayletBench(cpus: 2, others: [gpuNode])
        let lease = try bench.request(resources: ["CPU": 1, "GPU": 1])
        #expect(bench.rejection(of: lease)?.message.hasPrefix("needs CPU: 1, GPU: 1 together") == true)
    }

    @Test("before the first table of nodes comes an infeasible request waits") func waitsForTable() throws {
        var bench = RayletBench(cpus: 2, others: nil)
        let big = try bench.request(cpus: 8), small = try bench.request()
        #expect(bench.raylet.explain(big) == .waitsForNodes)
        #expect(bench.raylet.explain(small) == .workerStarts)
        bench.receive(.nodeTable(NodeTable(nodes: [RayletBench.other(9, cpus: 16, free: 16)])), from: .gcs)
        #expect(bench.spillback(of: big) == remote)
    }

    @Test("a node whose connection broke is sent only what nobody else can do, until it is heard of again or known to be dead")
    func unreachable() throws {
        var bench = RayletBench(cpus: 2, others: [RayletBench.other(9, cpus: 8, free: 8), RayletBench.other(10, cpus: 4, free: 0)])
        bench.step { $0.reachabilityChanged(NodeID(9), isReachable: false, now: $1, into: &$2) }
        let big = try bench.request(cpus: 8), middle = try bench.request(cpus: 4)
        #expect(bench.spillback(of: big) == remote, "it is not known to be dead")
        #expect(bench.spillback(of: middle) == .raylet(of: NodeID(10)))
        bench.step { $0.reachabilityChanged(NodeID(9), isReachable: true, now: $1, into: &$2) }
        let again = try bench.request(cpus: 4)
        #expect(bench.spillback(of: again) == remote)
        bench.step { $0.reachabilityChanged(NodeID(9), isReachable: false, now: $1, into: &$2) }
        bench.receive(.nodeTable(NodeTable(nodes: [RayletBench.other(9, cpus: 8, free: 0, alive: false)])), from: .gcs)
        let late = try bench.request(cpus: 8)
        #expect(bench.rejection(of: late)?.code == .unschedulable)
    }

    @Test("what this node can never serve goes to one that can, however many hops it has made") func infeasibleHere() throws {
        var bench = RayletBench(cpus: 2, others: [RayletBench.other(9, cpus: 8, free: 0)])
        let lease = try bench.request(cpus: 4, hops: SchedulerLimits.spillbackHops)
        #expect(bench.spillback(of: lease) == remote)
    }

    @Test("nodes are packed until half full, then the least loaded is preferred") func hybrid() throws {
        var bench = RayletBench(cpus: 4, others: [RayletBench.other(9, cpus: 4, free: 4)])
        let first = try bench.request(), second = try bench.request(), third = try bench.request()
        bench.registerAll()
        #expect(bench.worker(of: first) != nil)
        #expect(bench.worker(of: second) != nil)
        #expect(bench.spillback(of: third) == remote)
    }

    @Test("a request is not sent to a full node, and one sent away counts there until the node reports") func viewIsCharged() throws {
        var bench = RayletBench(cpus: 1, others: [RayletBench.other(9, cpus: 2, free: 1)])
        _ = try bench.request()
        bench.registerAll()
        let away = try bench.request(), stays = try bench.request()
        #expect(bench.spillback(of: away) == remote)
        #expect(bench.spillback(of: stays) == nil)
        bench.receive(.nodeTable(NodeTable(nodes: [RayletBench.other(9, cpus: 2, free: 1)])), from: .gcs)
        #expect(bench.spillback(of: stays) == remote)
    }

    @Test("when its hops are spent a request waits, and says so") func hopsSpent() throws {
        var bench = RayletBench(cpus: 1, others: [RayletBench.other(9, cpus: 2, free: 2)])
        _ = try bench.request(hops: SchedulerLimits.spillbackHops)
        bench.registerAll()
        let waits = try bench.request(hops: SchedulerLimits.spillbackHops)
        #expect(bench.spillback(of: waits) == nil)
        #expect(bench.raylet.explain(waits) == .resource("CPU", missing: ResourceSet.unit, hopsSpent: true))
        bench.receive(.nodeTable(NodeTable(nodes: [RayletBench.other(9, cpus: 2, free: 2)])), from: .gcs)
        #expect(bench.spillback(of: waits) == nil)
    }

    @Test("a request that was sent here stays when it fits, even above half") func noBounce() throws {
        var bench = RayletBench(cpus: 2, others: [RayletBench.other(9, cpus: 8, free: 8)])
        _ = try bench.request(hops: 1)
        bench.registerAll()
        let second = try bench.request(hops: 1)
        bench.registerAll()
        #expect(bench.worker(of: second) != nil)
    }

    @Test("a request whose arguments are here stays when it fits") func staysWithArguments() throws {
        var bench = RayletBench(cpus: 2, others: [RayletBench.other(9, cpus: 8, free: 8)])
        _ = try bench.request()
        let second = try bench.request(dependencies: [RayletBench.dependency(1, on: 7)])
        #expect(bench.spillback(of: second) == nil)
    }

    @Test("a repeated request gets the same spillback; one that comes round again is a new one") func spillbackAgain() throws {
        var bench = RayletBench(cpus: 1, others: [RayletBench.other(9, cpus: 2, free: 1)])
        let running = try bench.request()
        bench.registerAll()
        let lease = try bench.request()
        _ = try bench.request(lease: lease)
        #expect(bench.sent.count { if case .leaseSpillback(let m) = $0.message { m.lease == lease } else { false } } == 2)
        bench.giveBack(running)
        _ = try bench.request(hops: 2, lease: lease)
        #expect(bench.worker(of: lease) != nil)
    }

    @Test("a request sent to a node that has died since is placed anew when it is repeated") func spillbackToDeadNode() throws {
        var bench = RayletBench(cpus: 1, others: [RayletBench.other(9, cpus: 2, free: 1)])
        let running = try bench.request()
        bench.registerAll()
        let lease = try bench.request()
        bench.receive(.nodeTable(NodeTable(nodes: [RayletBench.other(9, cpus: 2, free: 1, alive: false)])), from: .gcs)
        _ = try bench.request(lease: lease)
        bench.giveBack(running)
        #expect(bench.worker(of: lease) != nil)
    }

    @Test("a cancellation that overtakes a request coming round again wins") func cancelBeforeReturn() throws {
        var bench = RayletBench(cpus: 1, others: [RayletBench.other(9, cpus: 2, free: 1)])
        _ = try bench.request()
        bench.registerAll()
        let lease = try bench.request()
        bench.receive(.cancelLease(CancelLease(lease: lease)), from: RayletBench.driver)
        _ = try bench.request(hops: 2, lease: lease)
        #expect(bench.rejection(of: lease)?.code == .cancelled)
    }

    @Test("dead nodes get nothing, and what their processes asked for goes") func deadNode() throws {
        var bench = RayletBench(cpus: 1)
        let owner = Address(node: 9, entity: 44)
        let theirs = try bench.request(from: owner), waiting = try bench.request(from: owner)
        bench.registerAll()
        let process = try #require(bench.process(of: theirs))
        bench.receive(.nodeTable(NodeTable(nodes: [RayletBench.other(9, cpus: 8, free: 8, alive: false)])), from: .gcs)
        #expect(bench.killed == [process: .ownerDied])
        #expect(bench.raylet.explain(waiting) == nil)
        let lease = try bench.request(cpus: 4)
        #expect(bench.rejection(of: lease)?.code == .unschedulable)
    }

    @Test("a raylet that learns of its own death ends everything and says so once") func fenced() throws {
        var bench = RayletBench(cpus: 1)
        let running = try bench.request(), waiting = try bench.request()
        bench.registerAll()
        let process = try #require(bench.process(of: running))
        let table = Message.nodeTable(NodeTable(nodes: [RayletBench.other(7, cpus: 1, free: 0, alive: false)]))
        bench.receive(table, from: .gcs)
        bench.receive(table, from: .gcs)
        #expect(bench.fences == 1)
        #expect(bench.killed == [process: .fenced])
        #expect(bench.loss(of: running) != nil)
        #expect(bench.rejection(of: waiting) != nil)
        let late = try bench.request()
        #expect(bench.rejection(of: late)?.code == .workerCrashed)
    }

    @Test("a node with amounts that no node has is left out") func implausibleNode() throws {
        var bench = RayletBench(cpus: 1, others: nil)
        var info = RayletBench.other(9, cpus: 1, free: 1)
        info.total["CPU"] = .max
        info.available["CPU"] = .min
        bench.receive(.nodeTable(NodeTable(nodes: [info])), from: .gcs)
        #expect(bench.raylet.counters.unexpected == 1)
        let lease = try bench.request(cpus: 4)
        #expect(bench.rejection(of: lease) != nil)
    }

    @Test("steps go to another node when this one runs none") func stepsElsewhere() throws {
        var bench = RayletBench(cpus: 2, others: [RayletBench.other(9, cpus: 2, free: 2)])
        let lease = try bench.request(.step)
        #expect(bench.spillback(of: lease) == remote)
        let spent = try bench.request(.step, hops: SchedulerLimits.spillbackHops)
        #expect(bench.rejection(of: spent)?.code == .unschedulable)
    }

    @Test("what is to be spread goes to one node after the other, also to one that looks full: that may be old") func spread() throws {
        var bench = RayletBench(cpus: 2, others: [RayletBench.other(9, cpus: 2, free: 0), RayletBench.other(11, cpus: 2, free: 2)])
        let leases = try (0..<4).map { _ in try bench.request(strategy: .spread) }
        bench.registerAll()
        #expect(leases.map { bench.spillback(of: $0) } == [nil, remote, .raylet(of: NodeID(11)), nil])
        #expect(bench.worker(of: leases[0]) != nil && bench.worker(of: leases[3]) != nil)
        let more = try bench.request(strategy: .spread)
        #expect(bench.spillback(of: more) == .raylet(of: NodeID(11)), "this node knows that it is full itself")
    }

    @Test("what was sent here to be spread stays when it fits, and goes on to a node with room when it does not") func spreadOn() throws {
        var bench = RayletBench(cpus: 1, others: [RayletBench.other(9, cpus: 2, free: 1), RayletBench.other(11, cpus: 2, free: 0)])
        let fits = try bench.request(hops: 1, strategy: .spread), goesOn = try bench.request(hops: 1, strategy: .spread)
        let waits = try bench.request(hops: 1, strategy: .spread)
        bench.registerAll()
        #expect(bench.worker(of: fits) != nil)
        #expect(bench.spillback(of: goesOn) == remote)
        #expect(bench.spillback(of: waits) == nil, "nobody has room")
        bench.receive(.nodeTable(NodeTable(nodes: [RayletBench.other(11, cpus: 2, free: 1)])), from: .gcs)
        #expect(bench.spillback(of: waits) == .raylet(of: NodeID(11)))
        let spent = try bench.request(hops: SchedulerLimits.spillbackHops, strategy: .spread)
        #expect(bench.spillback(of: spent) == nil)
    }

    @Test("what is to be spread and fits no node is refused; with labels and arguments it goes by turn all the same") func spreadNowhere()
        throws
    {
        var bench = RayletBench(cpus: 2, others: [RayletBench.other(9, cpus: 2, free: 2)])
        let large = try bench.request(cpus: 4, strategy: .spread)
        #expect(bench.rejection(of: large)?.code == .unschedulable)
        let first = try bench.request(dependencies: [RayletBench.dependency(1, on: 7)], strategy: .spread)
        let second = try bench.request(dependencies: [RayletBench.dependency(1, on: 7)], strategy: .spread)
        #expect(Set([first, second].map { bench.spillback(of: $0) }) == [nil, remote])
    }

    @Test("ties between nodes go to the local one, then to the lowest id") func ties() {
        let nodes = [3, 1, 2].map { RayletBench.other($0, cpus: 2, free: 2) }
        #expect(NodeChoice.withRoom(for: .cpus(1), among: nodes)?.node == NodeID(1))
        #expect(NodeChoice.withRoom(for: .cpus(1), among: nodes, local: NodeID(3))?.node == NodeID(3))
        #expect(NodeChoice.feasible(for: .cpus(3), among: nodes) == nil)
    }
}
