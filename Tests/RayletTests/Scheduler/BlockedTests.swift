import RayflowCore
import Testing

@testable import Raylet

@Suite("Blocked tasks") struct BlockedTests {
    @Test("a blocked task lends its CPU, and only that") func lend() throws {
        var bench = RayletBench(cpus: 1)
        let parent = try bench.request()
        bench.registerAll()
        let process = try #require(bench.process(of: parent))
        bench.block(process, true)
        #expect(bench.raylet.available == .cpus(1))
        bench.block(process, true)
        #expect(bench.raylet.available == .cpus(1))
        bench.block(process, false)
        #expect(bench.raylet.available.isEmpty)
        bench.block(process, true)
        bench.giveBack(parent)
        #expect(bench.raylet.available == .cpus(1))
    }

    @Test("a woken task is booked back at once, and nothing is granted until the balance is restored") func debt() throws {
        var bench = RayletBench(cpus: 2)
        let parent = try bench.request(), other = try bench.request()
        bench.registerAll()
        let process = try #require(bench.process(of: parent))
        bench.block(process, true)
        let child = try bench.request()
        _ = try bench.fireFurther()
        bench.registerAll()
        #expect(bench.worker(of: child) != nil)
        bench.block(process, false)
        #expect(bench.raylet.available == .cpus(-1))
        let free = try bench.request(cpus: 0)
        #expect(bench.raylet.explain(free) == .overdrawn("CPU", by: ResourceSet.unit))
        bench.giveBack(other)
        #expect(bench.worker(of: free) != nil)
        bench.giveBack(child)
        #expect(bench.raylet.available == .cpus(1))
    }

    @Test("nested tasks get further workers after 10 ms, then after delays that double to 1 s") func furtherWorkers() throws {
        var bench = RayletBench(cpus: 1)
        var delays: [UInt64] = []
        var wave = [try bench.request()]
        bench.registerAll()
        for _ in 0..<9 {
            let lease = try #require(wave.first { bench.process(of: $0) != nil })
            let process = try #require(bench.process(of: lease))
            wave.removeAll { $0 == lease }
            wave.append(try bench.request())
            wave.append(try bench.request())
            bench.block(process, true)
            #expect(bench.raylet.explain(wave[0]) == .workersBlocked)
            let spawned = bench.spawned.count
            delays.append(try bench.fireFurther())
            #expect(bench.spawned.count == spawned + 1)
            bench.registerAll()
        }
        #expect(delays.map { $0 / 1_000_000 } == [10, 20, 40, 80, 160, 320, 640, 1000, 1000])
        #expect(bench.raylet.counters.furtherWorkers == 9)
    }

    @Test("the delay starts anew when nobody waits any more") func delayResets() throws {
        var bench = RayletBench(cpus: 1)
        let parent = try bench.request()
        bench.registerAll()
        bench.block(try #require(bench.process(of: parent)), true)
        let child = try bench.request()
        #expect(try bench.fireFurther() == SchedulerLimits.firstFurtherWorkerNS)
        bench.registerAll()
        bench.block(try #require(bench.process(of: child)), true)
        _ = try bench.request()
        #expect(try bench.fireFurther() == SchedulerLimits.firstFurtherWorkerNS)
    }

    @Test("a worker that comes free in time is used and none is started") func noFurtherWorkerWhenFree() throws {
        var bench = RayletBench(cpus: 1)
        let parent = try bench.request()
        bench.registerAll()
        bench.block(try #require(bench.process(of: parent)), true)
        let child = try bench.request()
        bench.giveBack(parent)
        #expect(bench.worker(of: child) != nil)
        #expect(bench.raylet.paces.isEmpty)
        _ = try bench.fireFurther()
        #expect(bench.spawned.count == 1)
    }

    @Test("only the worker itself says that it is blocked, and only while it holds a lease") func strangers() throws {
        var bench = RayletBench(cpus: 1)
        let lease = try bench.request()
        bench.registerAll()
        let process = try #require(bench.process(of: lease))
        bench.receive(.blocked(Blocked(process: process, isBlocked: true)), from: RayletBench.driver)
        #expect(bench.raylet.available.isEmpty)
        bench.giveBack(lease)
        bench.block(process, true)
        #expect(bench.raylet.available == .cpus(1))
    }

    @Test("a blocked worker that dies gives back the rest and no more") func blockedDies() throws {
        var bench = RayletBench(cpus: 1)
        let lease = try bench.request()
        bench.registerAll()
        let process = try #require(bench.process(of: lease))
        bench.block(process, true)
        bench.exit(process)
        #expect(bench.raylet.available == .cpus(1))
        #expect(bench.loss(of: lease) != nil)
    }
}
