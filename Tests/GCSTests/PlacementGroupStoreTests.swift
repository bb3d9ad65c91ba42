import RayflowCore
import Testing

@testable import GCS

@Suite("Placement groups outlive the GCS") struct PlacementGroupStoreTests {
    private let id = PlacementGroupID(unique: 7, job: GCSBench.job)

    private func create(_ bench: inout GCSBench, _ bundles: [Int], _ strategy: PlacementStrategy = .strictSpread, name: String = "") {
        bench.receive(
            .createPlacementGroup(
                CreatePlacementGroup(group: id, name: name, strategy: strategy, bundles: bundles.map { .cpus($0) })), from: GCSBench.driver)
    }

    private func requests(_ bench: GCSBench) -> [ReserveBundles] {
        bench.sent.compactMap { if case .reserveBundles(let m) = $0.message { m } else { nil } }
    }

    private func verdicts(_ bench: GCSBench, to node: UInt64) -> [SettleBundles.Verdict] {
        bench.sent.compactMap { if case .settleBundles(let m) = $0.message, $0.to.node == node { m.verdict } else { nil } }
    }

    private func answer(_ bench: inout GCSBench, _ node: UInt64, isReserved: Bool = true) {
        let attempt = requests(bench).last?.attempt ?? 0
        bench.receive(
            .bundlesReserved(BundlesReserved(group: id, attempt: attempt, node: NodeID(node), isReserved: isReserved)),
            from: .raylet(of: NodeID(node)))
    }

    private func held(_ index: UInt32, attempt: UInt64 = 1, isCommitted: Bool) -> HeldBundle {
        HeldBundle(id: BundleID(group: id, index: index), attempt: attempt, isCommitted: isCommitted)
    }

    @Test("a group that has its bundles keeps them; a commit that was lost is said once more") func created() {
        var bench = GCSBench(nodes: [1, 2], isStored: true)
        create(&bench, [1, 1], name: "g")
        answer(&bench, 1)
        answer(&bench, 2)
        let nodes = bench.gcs.placementGroups.nodes(of: id)
        #expect(bench.gcs.placementGroups.state(of: id) == .created)
        bench.restartGCS()
        #expect(bench.gcs.placementGroups.state(of: id) == .created && bench.gcs.placementGroups.nodes(of: id) == nodes)
        let first = nodes[0] == NodeID(1) ? UInt32(0) : 1
        bench.rejoin(1, bundles: [held(first, isCommitted: true)])
        bench.rejoin(2, bundles: [held(1 - first, isCommitted: false)])
        #expect(verdicts(bench, to: 1).isEmpty && verdicts(bench, to: 2) == [.commit])
        #expect(requests(bench).isEmpty)
        create(&bench, [1, 1])
        #expect(requests(bench).isEmpty, "it is there")
        bench.receive(.lookupPlacementGroup(LookupPlacementGroup(request: 1, name: "g")), from: GCSBench.driver)
        #expect(bench.sent.contains { if case .placementGroupFound(let m) = $0.message { m.group == id } else { false } })
    }

    @Test("what an unfinished plan has reserved goes back, and the group is planned anew") func unfinished() {
        var bench = GCSBench(nodes: [1, 2], isStored: true)
        create(&bench, [1, 1])
        answer(&bench, 1)
        bench.restartGCS()
        #expect(bench.gcs.placementGroups.state(of: id) == .pending)
        bench.rejoin(1, bundles: [held(0, isCommitted: false)])
        #expect(verdicts(bench, to: 1) == [.rollBack] && requests(bench).isEmpty, "one node is not enough")
        bench.rejoin(2)
        #expect(requests(bench).count == 2 && requests(bench).allSatisfy { $0.attempt == 2 })
        answer(&bench, 1)
        answer(&bench, 2)
        #expect(bench.gcs.placementGroups.state(of: id) == .created)
    }

    @Test("a node that has committed alone is believed when only its answer was lost") func alone() {
        var bench = GCSBench(isStored: true)
        create(&bench, [1, 1], .strictPack)
        bench.restartGCS()
        bench.rejoin(1, bundles: [held(0, isCommitted: true), held(1, isCommitted: true)])
        #expect(bench.gcs.placementGroups.state(of: id) == .created && requests(bench).isEmpty && verdicts(bench, to: 1).isEmpty)
    }

    @Test("bundles of a removed group go back, and bundles that a raylet has not are reserved again") func removedAndLost() {
        var bench = GCSBench(isStored: true)
        create(&bench, [1], .pack)
        answer(&bench, 1)
        let removed = PlacementGroupID(unique: 8, job: GCSBench.job)
        bench.restartGCS()
        bench.rejoin(1, bundles: [HeldBundle(id: BundleID(group: removed, index: 0), attempt: 1, isCommitted: true)])
        #expect(verdicts(bench, to: 1) == [.remove])
        #expect(bench.gcs.placementGroups.state(of: id) == .rescheduling && requests(bench).map(\.attempt) == [2])
    }

    @Test("a group that the nodes can never hold says why, once, until a node comes that can") func obstacle() {
        var bench = GCSBench(nodes: [1, 2], isStored: true)
        func told() -> [String?] {
            bench.sent.compactMap { if case .placementGroupUpdate(let m) = $0.message { m.error?.message } else { nil } }
        }
        create(&bench, [64], .pack)
        bench.fireAll()
        #expect(told() == ["no node has CPU: 64, which bundle 0 needs"])
        bench.join(3, cpus: 64)
        #expect(requests(bench).count == 1)
        answer(&bench, 3)
        #expect(bench.gcs.placementGroups.state(of: id) == .created && told().count == 1)
    }

    @Test("a reason is taken back when a node has come that could hold the group but has refused") func obstacleIsOver() {
        var bench = GCSBench(nodes: [1], isStored: true)
        create(&bench, [64], .pack)
        bench.join(2, cpus: 64)
        answer(&bench, 2, isReserved: false)
        bench.fireAll()
        let told = bench.sent.compactMap { if case .placementGroupUpdate(let m) = $0.message { m } else { nil } }
        #expect(told.map { $0.error == nil } == [false, true])
        #expect(told.last?.state == .pending)
    }

    @Test("what stands in the way of a group is told by its strategy", arguments: PlacementStrategy.allCases)
    func obstacles(strategy: PlacementStrategy) {
        func node(_ id: UInt64, free: Int) -> NodeInfo {
            NodeInfo(node: NodeID(id), raylet: .raylet(of: NodeID(id)), total: .cpus(4), available: .cpus(free))
        }
        func obstacle(_ cpus: [Int]) -> String? {
            let bundles = cpus.enumerated().map { BundlePlan.Bundle(index: UInt32($0), resources: .cpus($1)) }
            return BundlePlan.obstacle(bundles, strategy, nodes: [node(1, free: 0), node(2, free: 1)])
        }
        #expect(obstacle([2, 2]) == nil, "it has to wait, and that is all")
        let wanted =
            switch strategy {
            case .pack, .spread: "the nodes have less than its bundles need together"
            case .strictPack: "no node has CPU: 9, which its bundles need together on one"
            case .strictSpread: "each of its 3 bundles needs a node of its own, and 2 nodes are there"
            }
        #expect(obstacle([3, 3, 3]) == wanted)
    }

    @Test("groups are listed, found by their key and told of in their channel") func table() throws {
        var bench = GCSBench(isStored: true)
        bench.receive(.pollChannel(PollChannel(channel: .placementGroup, position: .start)), from: GCSBench.other)
        create(&bench, [1], .pack, name: "g")
        answer(&bench, 1)
        guard case .rows(let rows, total: 1)? = bench.ask(.rows(.placementGroup, filters: [RowFilter(field: "name", value: "g")], limit: 9))
        else {
            Issue.record("no row")
            return
        }
        let row = try PlacementGroupRow(decoding: try #require(rows.first?.row))
        #expect(row.state == .created && row.bundles.map(\.node) == [NodeID(1)])
        guard case .rows(let one, _)? = bench.ask(.row(.placementGroup, key: row.key)) else { return #expect(Bool(false)) }
        #expect(one == rows)
        bench.receive(.removePlacementGroup(RemovePlacementGroup(group: id)), from: GCSBench.driver)
        bench.restartGCS()
        #expect(bench.gcs.placementGroups.state(of: id) == .removed)
        bench.receive(.pollChannel(PollChannel(channel: .placementGroup, position: .start)), from: GCSBench.other)
        let snapshot = bench.sent.compactMap { if case .channelMessages(let m) = $0.message { m } else { nil } }.last
        #expect(snapshot?.isSnapshot == true && snapshot?.rows.count == 1)
    }
}
