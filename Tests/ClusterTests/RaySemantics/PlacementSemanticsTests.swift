import Rayflow
import RayflowTestKit
import Testing

/// Behaviours of Ray that concern placement, by their numbers in the reference.
@Suite("Ray's semantics: placement", .serialized)
struct PlacementSemanticsTests {
    private func withNodes(
        _ nodes: [[String: Double]], labels: [[String: String]] = [], _ body: (TestCluster, Cluster) async throws -> Void
    ) async throws {
        let cluster = try await TestCluster(nodes: nodes, labels: labels, remotes)
        try await run(cluster) { try await body($0, $0.cluster) }
    }

    @Test("57: two tasks on two nodes of four CPUs run at home, four run two on each")
    func hybrid() async throws {
        for (tasks, away) in [(2, 0), (4, 2)] {
            try await withNodes([["CPU": 4], ["CPU": 4]]) { cluster, ray in
                let place = Places.make(tasks)
                let nodes = try await ray.get((0..<tasks).map { _ in Remote.meet.remote(place) })
                #expect(nodes.count { $0 == "\(cluster.node(1))" } == away)
            }
        }
    }

    @Test("58: a task goes to the node that holds its argument; spread tasks that are submitted together share the nodes")
    func locality() async throws {
        try await withNodes([["CPU": 2], ["CPU": 2, "special": 100]]) { cluster, ray in
            let there = Remote.makePattern.options(resources: special).remote(500_000, 1)
            _ = try await ray.wait([there])
            #expect(try await Remote.whereWith.remote(there.view()).get() == "\(cluster.node(1))")
            // At the same time, then one by one and with an argument that is elsewhere.
            let place = Places.make(2)
            let nodes = try await ray.get((0..<2).map { _ in Remote.meet.options(placement: .spread).remote(place) })
            #expect(Set(nodes).count == 2)
            let short = try await ray.get((0..<4).map { _ in Remote.whereAmI.options(placement: .spread).remote() })
            #expect(Set(short).count == 2)
            let spread = Remote.whereWith.options(placement: .spread)
            let after = [try await spread.remote(there.view()).get(), try await spread.remote(there.view()).get()]
            #expect(Set(after).count == 2)
        }
    }

    @Test("a task goes to the node or the labels that it names, and what no node has is a typed error")
    func named() async throws {
        try await withNodes([["CPU": 2], ["CPU": 2]], labels: [["zone": "a"], ["zone": "b"]]) { cluster, _ in
            #expect(try await Remote.whereAmI.options(placement: .node(cluster.node(1))).remote().get() == "\(cluster.node(1))")
            #expect(try await Remote.whereAmI.options(placement: .labels(["zone": "b"])).remote().get() == "\(cluster.node(1))")
            #expect(try await Remote.whereAmI.options(placement: .labels(["zone": "!b"])).remote().get() == "\(cluster.node(0))")
            for placement in [Placement.labels(["zone": "c"]), .node(NodeID(1))] {
                let failure = await #expect(throws: RayflowError.self) {
                    try await Remote.whereAmI.options(placement: placement).remote().get()
                }
                #expect(failure?.code == .unschedulable)
            }
            let elsewhere = try await Remote.whereAmI.options(placement: .node(NodeID(1), soft: true)).remote().get()
            #expect([cluster.node(0), cluster.node(1)].map { "\($0)" }.contains(elsewhere))
        }
    }

    @Test("61: groups that do not fit together become ready one after the other as others are removed")
    func inTurn() async throws {
        try await withNodes([["CPU": 4]]) { _, ray in
            let groups = try (0..<6).map { _ in try ray.placementGroup(bundles: [["CPU": 2]]) }
            let refs = groups.map { $0.ready() }
            var waiting = refs, ready = 0
            while !waiting.isEmpty {
                let (now, rest) = try await ray.wait(waiting)
                for ref in now {
                    ready += 1
                    ray.remove(groups[try #require(refs.firstIndex(of: ref))])
                }
                waiting = rest
            }
            #expect(ready == 6)
        }
    }

    @Test("61: bundles spread strictly lie on three nodes, packed ones on the one that has room for both")
    func strategies() async throws {
        try await withNodes([["CPU": 4], ["CPU": 4], ["CPU": 4]]) { _, ray in
            let apart = try ray.placementGroup(bundles: Array(repeating: ["CPU": 1], count: 3), strategy: .strictSpread)
            _ = try await apart.ready().get()
            #expect(Set(apart.nodes.compactMap { $0 }).count == 3)
            ray.remove(apart)
            let together = try ray.placementGroup(bundles: [["CPU": 2], ["CPU": 2]], strategy: .strictPack)
            _ = try await together.ready().get()
            #expect(Set(together.nodes.compactMap { $0 }).count == 1)
        }
    }

    @Test("62: a removed group fails its waiting tasks, gives its CPUs back, and may be removed again")
    func removed() async throws {
        try await withNodes([["CPU": 2]]) { _, ray in
            let group = try ray.placementGroup(bundles: [["CPU": 2]])
            #expect(try await group.wait(timeout: .seconds(30)))
            #expect(try await Remote.square.options(cpus: 2, placement: .group(group)).remote(3).get() == 9)
            let held = Remote.square.remote(2)
            let (ready, _) = try await ray.wait([held], timeout: .milliseconds(50))
            #expect(ready.isEmpty, "all CPUs belong to the group")
            for _ in 0..<3 { ray.remove(group) }
            #expect(try await held.get() == 4)
            let failure = await #expect(throws: RayflowError.self) {
                try await Remote.square.options(placement: .group(group)).remote(3).get()
            }
            #expect(failure?.code == .placementGroupRemoved)
        }
    }

    @Test("an empty group and an empty bundle are refused")
    func empty() async throws {
        try await withNodes([["CPU": 1]]) { _, ray in
            #expect(throws: RayflowError.self) { try ray.placementGroup(bundles: []) }
            #expect(throws: RayflowError.self) { try ray.placementGroup(bundles: [["CPU": 1], [:]]) }
        }
    }

    @Test("what a task waits for is told: its arguments, or the resource of which there is too little")
    func pending() async throws {
        try await withNodes([["CPU": 2]]) { _, ray in
            let place = Places.make(2)
            let first = Remote.meet.options(cpus: 2).remote(place)
            let waiting = Remote.square.remote(2), dependent = Remote.square.remote(waiting)
            try await eventually { await ray.explain(waiting)?.code == "resource" }
            #expect(await ray.explain(dependent)?.code == "dependencies")
            await Places.meet(place)
            _ = try await first.get()
            #expect(try await dependent.get() == 16)
            #expect(await ray.explain(dependent) == nil)
        }
    }

    @Test("a group that no node can ever hold says so, and so does the task that is to run in it")
    func impossibleGroup() async throws {
        try await withNodes([["CPU": 2], ["CPU": 2]]) { _, ray in
            let group = try ray.placementGroup(bundles: [["CPU": 3]], strategy: .strictPack)
            let ready = group.ready()
            let task = Remote.square.options(placement: .group(group)).remote(2)
            try await eventually { await ray.explain(task)?.description.contains("no node has CPU: 3") == true }
            let told = await ray.explain(task)
            #expect(told?.code == "placement-group")
            #expect(await ray.explain(ready) == told)
            ray.remove(group)
            await #expect(throws: RayflowError.self) { try await task.get() }
        }
    }
}
