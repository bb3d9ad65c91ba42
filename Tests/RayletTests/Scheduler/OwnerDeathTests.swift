import RayflowCore
import Testing

@testable import Raylet

@Suite("Death of requesters and jobs") struct OwnerDeathTests {
    @Test("when an owner is gone its requests go, and the workers that it held are ended") func ownerDies() throws {
        var bench = RayletBench(cpus: 1)
        let held = try bench.request(), waiting = try bench.request()
        let others = try bench.request(from: Address(node: 7, entity: 2000))
        bench.registerAll()
        let process = try #require(bench.process(of: held))
        bench.step { $0.connectionLost(RayletBench.driver, now: $1, into: &$2) }
        #expect(bench.killed == [process: .ownerDied])
        #expect(bench.raylet.explain(waiting) == nil)
        #expect(bench.loss(of: held) == nil, "its process is still there")
        #expect(bench.raylet.available.isEmpty, "the process may still use what it has")
        bench.exit(process)
        bench.registerAll()
        #expect(bench.worker(of: others) != nil)
    }

    @Test("an owner whose connection broke hears of the end of its workers, however often it asks, and that it must ask anew")
    func ownerLost() throws {
        var bench = RayletBench(cpus: 1)
        let held = try bench.request(), waiting = try bench.request()
        bench.registerAll()
        let process = try #require(bench.process(of: held))
        bench.step { $0.connectionLost(RayletBench.driver, now: $1, into: &$2) }
        #expect(bench.spillback(of: waiting) == bench.raylet.address)
        bench.giveBack(held, failed: true)
        #expect(bench.loss(of: held) == nil, "the process is still there")
        bench.exit(process)
        #expect(bench.loss(of: held) != nil)
        let told = bench.losses(of: held)
        bench.giveBack(held, failed: true)
        #expect(bench.losses(of: held) == told + 1)
        let unknown = LeaseID(owner: RayletBench.driver.entity, number: 999)
        bench.giveBack(unknown, failed: true)
        #expect(bench.loss(of: unknown) != nil, "who gives up a lease that is not there has nothing to wait for")
    }

    @Test("a worker that dies takes the leases that it holds as an owner with it") func workerAsOwner() throws {
        var bench = RayletBench(cpus: 2)
        let parent = try bench.request()
        bench.registerAll()
        let process = try #require(bench.process(of: parent))
        let child = try bench.request(from: bench.raylet.workerAddress(process))
        bench.registerAll()
        let inner = try #require(bench.process(of: child))
        bench.exit(process)
        #expect(bench.killed == [inner: .ownerDied])
        bench.exit(inner)
        #expect(bench.raylet.available == .cpus(2))
    }

    @Test("the GCS and other raylets may come back: their leases stay") func gcsMayReturn() throws {
        var bench = RayletBench()
        let actor = try bench.request(.actor, from: .gcs)
        bench.registerAll()
        bench.step { $0.connectionLost(.gcs, now: $1, into: &$2) }
        bench.step { $0.connectionLost(.raylet(of: NodeID(9)), now: $1, into: &$2) }
        #expect(bench.worker(of: actor) != nil)
    }

    @Test("when a job ends its workers, requests and leases go, and later requests of it are refused") func jobEnds() throws {
        var bench = RayletBench(cpus: 2)
        let task = try bench.request(), actor = try bench.request(.actor, from: .gcs)
        let other = try bench.request(job: JobID(2))
        let idle = try bench.request(cpus: 0)
        bench.registerAll()
        bench.giveBack(idle)
        #expect(bench.worker(of: task) != nil)
        #expect(bench.worker(of: actor) != nil)
        bench.receive(.jobEnded(JobEnded(job: RayletBench.job)), from: .gcs)
        bench.receive(.jobEnded(JobEnded(job: RayletBench.job)), from: .gcs)
        #expect(bench.killed.count == 3)
        #expect(bench.killed.values.allSatisfy { $0 == .jobEnded })
        for process in bench.killed.keys.sorted() { bench.exit(process) }
        bench.registerAll()
        #expect(bench.worker(of: other) != nil)
        let late = try bench.request()
        #expect(bench.rejection(of: late)?.code == .cancelled)
        bench.step { $0.prestart(job: RayletBench.job, count: 2, now: $1, into: &$2) }
        #expect(bench.raylet.startingProcesses == 0)
    }

    @Test("processes of an ended job that were still starting are ended too") func jobEndsEarly() throws {
        var bench = RayletBench(cpus: 2)
        _ = try bench.request()
        _ = try bench.request(.actor, from: .gcs)
        bench.receive(.jobEnded(JobEnded(job: RayletBench.job)), from: .gcs)
        #expect(bench.killed.count == 2)
        bench.register(bench.spawned[0])
        for process in bench.spawned { bench.exit(process) }
        #expect(bench.raylet.workers.isEmpty)
        #expect(bench.raylet.available == .cpus(2))
        #expect(bench.spawned.count == 2)
    }

    @Test("the memory of ended jobs is bounded") func boundedJobs() {
        var raylet = RayletInstance(node: NodeID(7), total: .cpus(1))
        var out: [RayletDirective] = []
        for job in 0..<UInt32(SchedulerLimits.rememberedJobs + 10) {
            raylet.receive(.jobEnded(JobEnded(job: JobID(job))), from: .gcs, now: 0, into: &out)
        }
        #expect(raylet.endedJobs.count == SchedulerLimits.rememberedJobs)
    }
}
