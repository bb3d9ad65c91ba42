import RayflowCore
import Testing

@testable import Raylet

@Suite("Dependencies of requests") struct DependencyTests {
    private let one = RayletBench.dependency(1), two = RayletBench.dependency(2)

    @Test("a request waits for all its objects, then for its turn") func waits() throws {
        var bench = RayletBench()
        let lease = try bench.request(dependencies: [one, two, one])
        #expect(bench.fetched == [one.id, two.id])
        #expect(bench.spawned.isEmpty)
        bench.step { [one] in $0.dependencyLocal(one.id, now: $1, into: &$2) }
        #expect(bench.raylet.explain(lease) == .dependencies([two.id]))
        bench.step { [two] in $0.dependencyLocal(two.id, now: $1, into: &$2) }
        #expect(bench.raylet.explain(lease) == .workerStarts)
        #expect(bench.released.isEmpty)
        bench.registerAll()
        #expect(bench.worker(of: lease) != nil)
        #expect(Set(bench.released) == [one.id, two.id])
    }

    @Test("resources are free for others while arguments are fetched, and looked at again afterwards") func resourcesRechecked() throws {
        var bench = RayletBench(cpus: 1)
        let fetching = try bench.request(dependencies: [one])
        let other = try bench.request()
        bench.registerAll()
        #expect(bench.worker(of: other) != nil)
        bench.step { [one] in $0.dependencyLocal(one.id, now: $1, into: &$2) }
        #expect(bench.raylet.explain(fetching) == .resource("CPU", missing: ResourceSet.unit, hopsSpent: false))
        bench.giveBack(other)
        #expect(bench.worker(of: fetching) != nil)
    }

    @Test("a request whose argument finds no room here goes to a node with room; where there is none, or it must stay, it is refused")
    func noRoom() throws {
        let full = ErrorRecord(.objectStoreFull, "no room")
        // On nodes that cannot serve the requests.
        let one = RayletBench.dependency(1, on: 3), two = RayletBench.dependency(2, on: 3)
        var bench = RayletBench(others: [RayletBench.other(9, cpus: 1, free: 1)])
        let moves = try bench.request(dependencies: [one]), stays = try bench.request(dependencies: [one])
        bench.step { $0.dependencyFailed(one.id, full, now: $1, into: &$2) }
        #expect(bench.spillback(of: moves) == .raylet(of: NodeID(9)))
        #expect(bench.rejection(of: stays)?.code == .objectStoreFull, "that node is full now")
        #expect(bench.released == [one.id])
        let bound = try bench.request(dependencies: [two], strategy: .node(NodeID(7), soft: false))
        bench.step { $0.dependencyFailed(two.id, full, now: $1, into: &$2) }
        #expect(bench.rejection(of: bound)?.code == .objectStoreFull)
    }

    @Test("an argument that finds no room is fetched again while a task runs here that may let go of something, and refused when none does")
    func noRoomYet() throws {
        let full = ErrorRecord(.outOfDisk, "no room")
        var bench = RayletBench(cpus: 1)
        let running = try bench.request()
        bench.registerAll()
        let waits = try bench.request(dependencies: [one])
        bench.step { [one] in $0.dependencyFailed(one.id, full, now: $1, into: &$2) }
        #expect(bench.rejection(of: waits) == nil && bench.fetched == [one.id, one.id])
        bench.giveBack(running)
        bench.step { [one] in $0.dependencyFailed(one.id, full, now: $1, into: &$2) }
        #expect(bench.rejection(of: waits)?.code == .outOfDisk)
    }

    @Test("the store hears of nodes that are gone, and of no others") func nodesGone() {
        var bench = RayletBench(others: [RayletBench.other(9, cpus: 1, free: 1)])
        bench.receive(
            .nodeTable(NodeTable(nodes: [RayletBench.other(9, cpus: 1, free: 0), RayletBench.other(8, cpus: 1, free: 1)])), from: .gcs)
        #expect(bench.departures.isEmpty)
        bench.receive(
            .nodeTable(NodeTable(nodes: [RayletBench.other(9, cpus: 1, free: 0, alive: false), RayletBench.other(8, cpus: 1, free: 1)])),
            from: .gcs)
        #expect(bench.departures == [[NodeID(9)]])
        bench.receive(.nodeTable(NodeTable(nodes: [])), from: .gcs)
        #expect(bench.departures == [[NodeID(9)], [NodeID(8)]])
    }

    @Test("an object that several requests need is fetched once and let go with the last") func shared() throws {
        var bench = RayletBench()
        let first = try bench.request(dependencies: [one]), second = try bench.request(dependencies: [one])
        #expect(bench.fetched == [one.id])
        bench.receive(.cancelLease(CancelLease(lease: first)), from: RayletBench.driver)
        #expect(bench.released.isEmpty)
        bench.receive(.cancelLease(CancelLease(lease: second)), from: RayletBench.driver)
        #expect(bench.released == [one.id])
        bench.step { [one] in $0.dependencyLocal(one.id, now: $1, into: &$2) }
        #expect(bench.spawned.isEmpty)
    }

    @Test("an object that is here already is not waited for") func alreadyLocal() throws {
        var bench = RayletBench(cpus: 1)
        _ = try bench.request(dependencies: [one])
        bench.step { [one] in $0.dependencyLocal(one.id, now: $1, into: &$2) }
        let second = try bench.request(dependencies: [one])
        #expect(bench.fetched == [one.id])
        #expect(bench.raylet.leases[second]?.state == .queued)
    }

    @Test("an object that cannot be had refuses every request that needs it, with the reason") func failed() throws {
        var bench = RayletBench()
        let first = try bench.request(dependencies: [one]), second = try bench.request(dependencies: [one, two])
        let error = ErrorRecord(.objectLost, "every copy is gone")
        bench.step { [one] in $0.dependencyFailed(one.id, error, now: $1, into: &$2) }
        #expect(bench.rejection(of: first) == error)
        #expect(bench.rejection(of: second) == error)
        #expect(Set(bench.released) == [one.id, two.id])
        bench.step { [one] in $0.dependencyFailed(one.id, error, now: $1, into: &$2) }
    }
}
