import Rayflow
import RayflowTestKit
import Testing

@Suite("Tasks and actors on several nodes", .serialized)
struct SchedulingTests {
    @Test("a task moves to the node that has what it needs")
    func spill() async throws {
        try await withTwoNodes { cluster in
            let there = try await Remote.whereAmI.options(resources: special).remote().get()
            let here = try await Remote.whereAmI.options(resources: ["home": 1]).remote().get()
            #expect(there == "\(cluster.node(1))" && here == "\(cluster.node(0))")
        }
    }

    @Test("what no node has is a typed error at once")
    func infeasible() async throws {
        try await withTwoNodes { _ in
            let failure = await #expect(throws: RayflowError.self) {
                try await Remote.square.options(resources: ["unicorn": 1]).remote(1).get()
            }
            #expect(failure?.code == .unschedulable)
            #expect(failure?.message.contains("unicorn") == true)
        }
    }

    @Test("tasks that fill one node each run on both at the same time")
    func parallel() async throws {
        try await withTwoNodes { cluster in
            let place = Places.make(2)
            let refs = (0..<2).map { _ in Remote.meet.options(cpus: 2).remote(place) }
            let nodes = try await cluster.cluster.get(refs)
            #expect(Set(nodes) == ["\(cluster.node(0))", "\(cluster.node(1))"])
        }
    }

    @Test("an error keeps its type across nodes")
    func errors() async throws {
        try await withTwoNodes { cluster in
            let failure = await #expect(throws: Elsewhere.self) { try await Remote.fails.options(resources: special).remote().get() }
            #expect(failure?.node == "\(cluster.node(1))")
        }
    }

    @Test("a task of one node submits to the other and hands its result over")
    func nested() async throws {
        try await withTwoNodes { cluster in
            #expect(try await Remote.elsewhere.options(resources: special).remote(4).get() == 25)
            let refs = try await Remote.refs.options(resources: special).remote(5).get()
            #expect(try await cluster.cluster.get(refs) == [0, 1, 4, 9, 16])
        }
    }

    @Test("an actor on the second node serves callers of the first in their order")
    func actors() async throws {
        try await withTwoNodes { cluster in
            let ledger = Ledger.open.options(resources: special).remote()
            #expect(try await ledger.place.remote().get() == "\(cluster.node(1))")
            let calls = (0..<100).map { ledger.note.remote($0) }
            #expect(try await cluster.cluster.get(calls) == Array(1...100))
            #expect(try await ledger.lines.remote().get() == Array(0..<100))
            let values = noise(1_000_000, seed: 4)
            let put = try cluster.cluster.put(values)
            #expect(try await ledger.total.remote(put.view()).get() == values.reduce(0, &+))
            #expect(try await ledger.noise.remote(1_000_000, 4).get() == values)
        }
    }

    @Test("a node that dies under a task: the task is tried again, and fails when no other node can run it")
    func death() async throws {
        try await withTwoNodes { cluster in
            let place = Places.make(2)
            let lost = Remote.meet.options(resources: special, maxRetries: 3).remote(place)
            let other = Remote.meet.options(resources: ["home": 1]).remote(place)
            _ = try await other.get()
            // Both bodies run by now, so the first one is on node 1; its second attempt would wait for a partner.
            let pending = Remote.meet.options(resources: special, maxRetries: 3).remote(Places.make(2))
            _ = try? await lost.get()
            cluster.kill(1)
            let failure = await #expect(throws: RayflowError.self) { try await pending.get() }
            #expect(failure?.code == .unschedulable)
        }
    }

    @Test("work that may run anywhere is finished by the nodes that are left")
    func survivors() async throws {
        try await withTwoNodes { cluster in
            let refs = (0..<100).map { Remote.square.options(maxRetries: -1).remote($0) }
            _ = try await cluster.cluster.wait(refs, count: 20)
            cluster.kill(1)
            #expect(try await cluster.cluster.get(refs) == (0..<100).map { $0 * $0 })
        }
    }

    @Test("trees of tasks with large and small values come out right on three nodes")
    func trees() async throws {
        let cluster = try await TestCluster(nodes: [["CPU": 2], ["CPU": 1], ["CPU": 2]], remotes)
        try await cluster.cluster.run {
            let leaves = (0..<24).map { Remote.makeNoise.remote(20_000, UInt64($0)) }
            var level = leaves.map { Remote.sum.remote($0.view()) }
            while level.count > 1 {
                level = stride(from: 0, to: level.count, by: 2).map {
                    $0 + 1 < level.count ? Remote.add.remote(level[$0], level[$0 + 1]) : level[$0]
                }
            }
            let expected = (0..<24).reduce(UInt64(0)) { $0 &+ noise(20_000, seed: UInt64($1)).reduce(0, &+) }
            let total = try await level[0].get()
            #expect(total == expected)
        }
        await cluster.shutDown()
    }

    @Test("when the cluster is shut down, what still waits fails with shutDown, and so does what comes later")
    func shutDown() async throws {
        let cluster = try await TestCluster(nodes: [["CPU": 1], ["CPU": 1, "special": 1]], remotes)
        let stuck = Remote.meet.on(cluster.cluster).options(resources: special).remote(Places.make(2))
        let waiting = Task { await stuck.outcome() }
        #expect(try await Remote.square.on(cluster.cluster).remote(3).get() == 9)
        await cluster.shutDown()
        guard case .failure(let failure) = await waiting.value else {
            Issue.record("it never ended")
            return
        }
        #expect(failure.code == .shutDown)
        let late = await #expect(throws: RayflowError.self) { try await Remote.square.on(cluster.cluster).remote(3).get() }
        #expect(late?.code == .shutDown)
        await cluster.shutDown()
    }
}
