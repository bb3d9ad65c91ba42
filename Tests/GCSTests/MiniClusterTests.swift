import GCS
import Raylet
import RayflowCore
import Testing

/// The production Instances of the control plane against each other, with repeated and interleaved messages and deaths.
@Suite("Simulated mini cluster") struct MiniClusterTests {
    @Test(
        "whatever dies and in whatever order messages come, all tasks finish, actors settle, and nothing is left booked",
        arguments: UInt64(1)...40)
    func everythingSettles(_ seed: UInt64) throws {
        var random = SeededRandom(seed &* 7919)
        var cluster = MiniCluster(seed: seed, nodes: seed % 3 == 0 ? 2 : 3)
        cluster.run(20)
        let taskCount = 60, actorCount = 8
        for number in 0..<taskCount {
            let cpus = ([0, 0.5, 1, 2] as [Double]).randomElement(using: &random) ?? 1
            cluster.submit(try ResourceSet(["CPU": cpus]), isStep: number % 5 == 0)
            // One actor holds a CPU for good; more could keep the largest tasks waiting for ever.
            if number % 8 == 0, number / 8 < actorCount {
                cluster.createActor(UInt64(number / 8 + 1), cpus: number == 8 ? 1 : 0, restarts: Int32.random(in: -1...2, using: &random))
            }
            cluster.run(Int.random(in: 0...15, using: &random))
            if random.chance(10) { cluster.killRandomWorker() }
            if random.chance(3), let actor = cluster.actors.keys.sorted(by: { $0.unique < $1.unique }).randomElement(using: &random) {
                cluster.send(.killActor(KillActor(actor: actor, noRestart: random.chance(50))), from: cluster.driver, to: .gcs)
            }
        }
        if seed % 4 == 0, seed % 3 != 0 { cluster.killNode(NodeID(2)) }

        // With the faults stopped everything comes to rest within a bound of virtual time.
        cluster.faults = false
        cluster.run(100_000)
        #expect(cluster.isQuiet)
        #expect(cluster.finishedTasks == taskCount)
        #expect(cluster.tasks.isEmpty && cluster.unsubmitted.isEmpty)
        let views = Dictionary(uniqueKeysWithValues: cluster.gcs.actorViews.map { ($0.actor, $0) })
        #expect(views.count == cluster.actors.count)
        for (id, update) in cluster.actors {
            #expect(
                update.state == .alive || update.state == .dead || views[id]?.lease != nil, "actor \(id) neither lives nor waits for a node"
            )
            if update.state == .alive || update.state == .dead { #expect(views[id]?.state == update.state) }
            if update.state == .alive {
                let node = try #require(cluster.raylets[update.worker.nodeID])
                #expect(node.snapshot(now: cluster.now).granted.contains { $0.lease == views[id]?.lease }, "the raylet knows the actor")
            }
        }

        cluster.send(.jobEnded(JobEnded(job: MiniCluster.job)), from: cluster.driver, to: .gcs)
        cluster.run(100_000)
        #expect(cluster.isQuiet)
        for raylet in cluster.raylets.values {
            let snapshot = raylet.snapshot(now: cluster.now)
            #expect(snapshot.available == snapshot.total)
            #expect(snapshot.workers.isEmpty && snapshot.granted.isEmpty && snapshot.waiting.isEmpty)
        }
        #expect(cluster.gcs.actorViews.allSatisfy { $0.state == .dead })
    }

    @Test("the same seed gives the same history") func deterministic() throws {
        func history(_ seed: UInt64) -> [RayletCounters] {
            var cluster = MiniCluster(seed: seed, nodes: 3)
            for number in 0..<30 {
                cluster.submit(.cpus(1), isStep: false)
                if number % 5 == 0 { cluster.createActor(UInt64(number + 1), cpus: 0, restarts: 1) }
                cluster.run(10)
            }
            cluster.run(5_000)
            return cluster.raylets.values.sorted { $0.node < $1.node }.map { $0.snapshot(now: 0).counters }
        }
        #expect(history(3) == history(3))
        #expect(history(3) != history(4))
    }
}
