import RayflowCore
import Testing

@testable import Raylet

@Suite("GPUs") struct DeviceTests {
    private let unit = ResourceSet.unit

    @Test("whole devices are the lowest free ones; parts go where least is left")
    func choices() throws {
        var pool = DevicePool(amount: 3 * unit)
        let two = try #require(pool.choice(for: 2 * unit))
        #expect(two.devices == [0, 1])
        pool.take(two)
        #expect(pool.choice(for: 2 * unit) == nil)
        let half = try #require(pool.choice(for: unit / 2))
        #expect(half.devices == [2] && half.amount == unit / 2)
        pool.take(half)
        #expect(pool.choice(for: unit) == nil)
        pool.giveBack(two)
        let quarter = try #require(pool.choice(for: unit / 4))
        #expect(quarter.devices == [2], "the fullest one with room")
        pool.take(quarter)
        #expect(pool.choice(for: unit / 2)?.devices == [0])
        pool.giveBack(half)
        pool.giveBack(quarter)
        #expect(pool.isConserved([]) && pool.choice(for: 3 * unit)?.devices == [0, 1, 2])
        #expect(pool.choice(for: 3 * unit / 2) == nil && pool.choice(for: 0) == nil && pool.choice(for: 4 * unit) == nil)
    }

    @Test("a rest of an amount is a device of which there is only that part")
    func rest() {
        let pool = DevicePool(amount: unit + unit / 4)
        #expect(pool.count == 2)
        #expect(pool.choice(for: unit)?.devices == [0])
        #expect(pool.choice(for: unit / 4)?.devices == [1])
        #expect(pool.choice(for: unit / 2)?.devices == [0])
        #expect(DevicePool(amount: 0).count == 0 && DevicePool(amount: -1).count == 0)
        #expect(DevicePool(amount: .max).count == Int(SchedulerLimits.devices))
    }

    private func bench(gpus: Double) throws -> RayletBench {
        var bench = RayletBench()
        bench.raylet = RayletInstance(node: NodeID(7), total: try ResourceSet(["CPU": 8, "GPU": gpus]))
        bench.receive(.nodeTable(NodeTable(nodes: [bench.raylet.selfInfo])), from: .gcs)
        return bench
    }

    @Test("each lease of whole GPUs has a process that sees its own, and they are free when that process is gone")
    func whole() throws {
        var bench = try bench(gpus: 2)
        let first = try bench.request(resources: ["CPU": 1, "GPU": 1]),
            second = try bench.request(.actor, resources: ["GPU": 1], from: .gcs)
        let third = try bench.request(resources: ["CPU": 1, "GPU": 1])
        bench.registerAll()
        let one = try #require(bench.process(of: first)), two = try #require(bench.process(of: second))
        #expect(bench.raylet.devices(of: one) == [0] && bench.raylet.devices(of: two) == [1])
        #expect(bench.worker(of: third) == nil)
        bench.giveBack(first)
        #expect(bench.worker(of: third) == nil && bench.killed[one] == .devicesReturned, "the process may still use its device")
        bench.exit(one)
        bench.registerAll()
        let three = try #require(bench.process(of: third))
        #expect(three != one && bench.raylet.devices(of: three) == [0])
    }

    @Test("parts of one GPU are shared, by processes of their own")
    func parts() throws {
        var bench = try bench(gpus: 1)
        let leases = try (0..<3).map { _ in try bench.request(resources: ["GPU": 0.5]) }
        bench.registerAll()
        let processes = leases.compactMap { bench.process(of: $0) }
        #expect(Set(processes).count == 2 && processes.allSatisfy { bench.raylet.devices(of: $0) == [0] })
        #expect(bench.worker(of: leases[2]) == nil)
        bench.giveBack(leases[0])
        bench.exit(processes[0])
        bench.registerAll()
        #expect(bench.worker(of: leases[2]) != nil)
    }

    @Test("two halves on two devices leave no whole one: the request waits, and gets it when one half ends")
    func fragments() throws {
        var bench = try bench(gpus: 2)
        let half = try bench.request(resources: ["GPU": 0.75]), other = try bench.request(resources: ["GPU": 0.75])
        let whole = try bench.request(resources: ["GPU": 0.5])
        bench.registerAll()
        #expect(bench.worker(of: half) != nil && bench.worker(of: other) != nil && bench.worker(of: whole) == nil)
        bench.giveBack(other)
        bench.exit(try #require(bench.spawned.last))
        bench.registerAll()
        #expect(bench.worker(of: whole) != nil)
    }

    @Test("a process with GPUs that dies before it registers is replaced by one that sees the same")
    func restart() throws {
        var bench = try bench(gpus: 2)
        let lease = try bench.request(resources: ["GPU": 2])
        bench.exit(bench.spawned[0])
        #expect(bench.spawned.count == 2 && bench.raylet.devices(of: bench.spawned[1]) == [0, 1])
        bench.registerAll()
        bench.exit(try #require(bench.process(of: lease)))
        #expect(bench.loss(of: lease)?.code == .workerCrashed)
        let next = try bench.request(resources: ["GPU": 2])
        bench.registerAll()
        #expect(bench.worker(of: next) != nil)
    }
}
