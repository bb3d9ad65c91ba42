import RayflowCore
import Testing

@testable import Raylet

@Suite("Turns of the queue") struct DispatchTests {
    /// Grants in the order in which they were sent.
    private func order(_ bench: RayletBench) -> [LeaseID] {
        bench.sent.compactMap { if case .leaseGranted(let m) = $0.message { m.lease } else { nil } }
    }

    /// Gives back whatever is granted until nothing waits.
    private func drain(_ bench: inout RayletBench) {
        bench.registerAll()
        while let (lease, entry) = bench.raylet.sortedLeases.first(where: { $0.value.isBooked }) {
            bench.giveBack(lease, from: entry.requester)
            bench.registerAll()
        }
    }

    @Test("requests of one shape are served first come, first served") func fifo() throws {
        var bench = RayletBench(cpus: 1)
        let leases = try (0..<5).map { _ in try bench.request() }
        drain(&bench)
        #expect(order(bench) == leases)
    }

    @Test("a higher priority goes first") func priority() throws {
        var bench = RayletBench(cpus: 1)
        let running = try bench.request()
        bench.registerAll()
        let low = try bench.request(priority: -1), middle = try bench.request(), high = try bench.request(priority: 5)
        drain(&bench)
        #expect(order(bench) == [running, high, middle, low])
    }

    @Test("a job with many requests does not keep another waiting") func roundRobin() throws {
        var bench = RayletBench(cpus: 1)
        let many = try (0..<4).map { _ in try bench.request() }
        let few = try (0..<2).map { _ in try bench.request(job: JobID(2)) }
        drain(&bench)
        #expect(
            order(bench) == [many[0], few[0], many[1], few[1], many[2], many[3]]
                || order(bench) == [many[0], many[1], few[0], many[2], few[1], many[3]])
    }

    @Test("a request that does not fit lets smaller ones of other shapes pass") func workConserving() throws {
        var bench = RayletBench(cpus: 2)
        let running = try bench.request()
        let big = try bench.request(cpus: 2)
        let small = try bench.request()
        bench.registerAll()
        #expect(bench.worker(of: running) != nil)
        #expect(bench.worker(of: small) != nil)
        #expect(bench.raylet.explain(big) == .resource("CPU", missing: 2 * ResourceSet.unit, hopsSpent: false))
    }

    @Test("fractions add up exactly") func fractions() throws {
        var bench = RayletBench(cpus: 1)
        let leases = try (0..<11).map { _ in try bench.request(cpus: 0.1) }
        bench.registerAll()
        #expect(leases.count { bench.worker(of: $0) != nil } == 10)
        #expect(bench.raylet.available.isEmpty)
        drain(&bench)
        #expect(bench.raylet.available == .cpus(1))
    }

    @Test("tasks without resources get workers too, as many as start at once") func zeroResources() throws {
        var bench = RayletBench(cpus: 1)
        let leases = try (0..<10).map { _ in try bench.request(cpus: 0) }
        #expect(bench.spawned.count == SchedulerLimits.fewestStarting)
        bench.registerAll()
        #expect(leases.allSatisfy { bench.worker(of: $0) != nil })
    }

    @Test("resources are not given away while the worker for them starts") func reservedWhileStarting() throws {
        var bench = RayletBench(cpus: 1)
        let first = try bench.request()
        let second = try bench.request(job: JobID(2))
        #expect(bench.spawned.count == 1)
        #expect(bench.raylet.explain(first) == .workerStarts)
        #expect(bench.raylet.explain(second) != nil)
        bench.registerAll()
        #expect(bench.worker(of: first) != nil)
        #expect(bench.raylet.explain(second) == .resource("CPU", missing: ResourceSet.unit, hopsSpent: false))
    }

    @Test("steps share the step host and only cost resources") func steps() throws {
        let host = Address(node: 7, entity: 50)
        var bench = RayletBench(cpus: 2, stepHost: host)
        let steps = try (0..<3).map { _ in try bench.request(.step) }
        #expect(bench.worker(of: steps[0]) == host)
        #expect(bench.worker(of: steps[1]) == host)
        #expect(bench.worker(of: steps[2]) == nil)
        #expect(bench.spawned.isEmpty)
        bench.giveBack(steps[0], failed: true)
        #expect(bench.worker(of: steps[2]) == host)
        #expect(bench.killed.isEmpty)
    }

    @Test("when the step host goes its steps are lost, and waiting ones go on with the next") func stepHostLost() throws {
        let host = Address(node: 7, entity: 50), next = Address(node: 7, entity: 51)
        var bench = RayletBench(cpus: 1, stepHost: host)
        let running = try bench.request(.step), waiting = try bench.request(.step)
        bench.step { $0.stepHostLost(description: "was killed by SIGKILL", now: $1, into: &$2) }
        #expect(bench.loss(of: running)?.code == .workerCrashed)
        #expect(bench.raylet.explain(waiting) == .stepHostRestarts)
        bench.step { $0.stepHostStarted(next, now: $1, into: &$2) }
        #expect(bench.worker(of: waiting) == next)
        #expect(bench.raylet.available.isEmpty)
    }

    @Test("a node without a step host refuses steps when no other node can take them") func noStepHost() throws {
        var bench = RayletBench()
        let lease = try bench.request(.step)
        #expect(bench.rejection(of: lease)?.code == .unschedulable)
    }

    @Test("a snapshot shows workers, granted and waiting requests with their reasons") func snapshot() throws {
        var bench = RayletBench(cpus: 1)
        let running = try bench.request()
        bench.registerAll()
        bench.now += 500
        let waiting = try bench.request()
        let snapshot = bench.raylet.snapshot(now: bench.now + 20)
        #expect(snapshot.workers.map(\.state) == [.leased])
        #expect(snapshot.workers.first?.lease == running)
        #expect(snapshot.granted.map(\.lease) == [running])
        #expect(snapshot.granted.first?.ageNS == 520)
        #expect(snapshot.waiting.map(\.lease) == [waiting])
        #expect(snapshot.waiting.first?.reason.description == "short of CPU by 1")
        #expect(snapshot.counters.requested == 2)
    }
}
