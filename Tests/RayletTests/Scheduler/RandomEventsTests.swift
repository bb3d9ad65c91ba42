import ObjectStore
import RayflowCore
import Testing

@testable import Raylet

/// A raylet under random events of every kind; its books must be right after each, and when all is given back nothing may remain.
@Suite("Random events") struct RandomEventsTests {
    @Test("the books are right after any sequence of events, and empty when all has ended", arguments: UInt64(1)...16)
    func randomEvents(_ seed: UInt64) throws {
        var random = SeededRandom(seed)
        let host = Address(node: 7, entity: 50)
        var bench = RayletBench(
            cpus: 3, stepHost: host, others: [RayletBench.other(9, cpus: 4, free: 2), RayletBench.other(11, cpus: 1, free: 1)], keptIdle: 1,
            remembered: 200)
        let owners = (0..<3).map { Address(node: 7, entity: 1000 + $0) }
        var asked: [(lease: LeaseID, from: Address)] = []
        let environments = try ["1", "2"].map { try RuntimeEnvironment(["A": $0]) }
        let objects = (0..<4).map { RayletBench.dependency($0) }

        for _ in 0..<2_500 {
            bench.now += UInt64.random(in: 0..<2_000_000_000, using: &random)
            let starting = bench.raylet.workers.filter { $0.value.state == .starting }.keys.sorted()
            let processes = bench.raylet.workers.keys.sorted()
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<30:
                let kind: LeaseKind = [.task, .task, .task, .actor, .step].randomElement(using: &random) ?? .task
                // The GCS asks for actors; its leases end by messages alone.
                let from = kind == .actor ? .gcs : owners.randomElement(using: &random) ?? .gcs
                let again = random.chance(10) ? asked.randomElement(using: &random) : nil
                let environment = random.chance(20) ? environments[Int.random(in: 0..<2, using: &random)] : .none
                let needed = random.chance(20) ? [objects[Int.random(in: 0..<4, using: &random)], objects[0]] : []
                let lease = try bench.request(
                    kind, cpus: [0, 0.25, 1, 2, 5].randomElement(using: &random) ?? 1,
                    job: JobID(UInt32.random(in: 1...2, using: &random)), priority: Int32.random(in: -1...1, using: &random),
                    dependencies: needed, environment: environment, hops: UInt8.random(in: 0...4, using: &random),
                    from: again?.from ?? from, lease: again?.lease)
                asked.append((lease, again?.from ?? from))
            case 30..<45:
                if let process = starting.randomElement(using: &random) { bench.register(process) }
            case 45..<60:
                if let (lease, from) = asked.randomElement(using: &random) { bench.giveBack(lease, failed: random.chance(20), from: from) }
            case 60..<66:
                if let (lease, from) = asked.randomElement(using: &random) {
                    bench.receive(.cancelLease(CancelLease(lease: lease)), from: from)
                }
            case 66..<72:
                if let process = processes.randomElement(using: &random) { bench.exit(process, outOfMemory: random.chance(10)) }
            case 72..<80:
                if let process = processes.randomElement(using: &random) { bench.block(process, random.chance(60)) }
            case 80..<84:
                let object = objects[Int.random(in: 0..<4, using: &random)].id
                let fails = random.chance(20)
                bench.step {
                    if fails {
                        $0.dependencyFailed(object, ErrorRecord(.objectLost, "gone"), now: $1, into: &$2)
                    } else {
                        $0.dependencyLocal(object, now: $1, into: &$2)
                    }
                }
            case 84..<90:
                if let timer = bench.timers.randomElement(using: &random)?.timer { bench.fire(timer) }
            case 90..<93:
                let owner = owners[Int.random(in: 0..<3, using: &random)]
                bench.step { $0.connectionLost(owner, now: $1, into: &$2) }
            case 93:
                let sample = MemorySample(total: 100, used: UInt64.random(in: 90...100, using: &random), taken: bench.now)
                let since = UInt64.random(in: 0...9, using: &random), isRetriable = random.chance(70), isIdle = random.chance(20)
                bench.step {
                    $0.memorySampled(
                        sample,
                        activity: { isIdle ? .idle : $0 % 5 == 0 ? nil : .running(since: since ^ $0 % 8, isRetriable: isRetriable) },
                        now: $1, into: &$2)
                }
            case 94..<97:
                let nodes = [
                    RayletBench.other(9, cpus: 4, free: Int.random(in: -1...4, using: &random)),
                    RayletBench.other(11, cpus: 1, free: Int.random(in: 0...1, using: &random), alive: random.chance(80)),
                ]
                bench.receive(.nodeTable(NodeTable(nodes: nodes)), from: .gcs)
            case 97: bench.step { $0.stepHostLost(description: "was killed", now: $1, into: &$2) }
            case 98: bench.step { $0.stepHostStarted(host, now: $1, into: &$2) }
            default: for process in processes where bench.killed[process] != nil { bench.exit(process) }
            }
            if bench.timers.count > 500 { bench.timers.removeFirst(250) }
            if asked.count > 300 { asked.removeFirst(100) }
        }

        #expect(bench.raylet.counters.granted > 100)
        for (lease, entry) in bench.raylet.sortedLeases {
            bench.receive(.cancelLease(CancelLease(lease: lease)), from: entry.requester)
            bench.giveBack(lease, from: entry.requester)
        }
        for process in bench.raylet.workers.keys.sorted() { bench.exit(process) }
        #expect(bench.raylet.available == .cpus(3))
        #expect(bench.raylet.leases.isEmpty && bench.raylet.workers.isEmpty && bench.raylet.queue.isEmpty)
        #expect(bench.raylet.needs.isEmpty && bench.raylet.startingProcesses == 0)
        #expect(bench.raylet.pools.values.allSatisfy { $0.members == 0 })
    }

    @Test("whatever is asked for is served in the end when workers register, tasks end and objects arrive", arguments: UInt64(1)...8)
    func liveness(_ seed: UInt64) throws {
        var random = SeededRandom(seed)
        var bench = RayletBench(cpus: 2, stepHost: Address(node: 7, entity: 50))
        var open: [LeaseID: Address] = [:]
        for _ in 0..<200 {
            let kind: LeaseKind = [.task, .task, .actor, .step].randomElement(using: &random) ?? .task
            let from = kind == .actor ? Address.gcs : RayletBench.driver
            let lease = try bench.request(
                kind, cpus: [0, 0.5, 1, 2].randomElement(using: &random) ?? 1, job: JobID(UInt32.random(in: 1...3, using: &random)),
                priority: Int32.random(in: 0...1, using: &random), dependencies: random.chance(20) ? [RayletBench.dependency(3)] : [],
                from: from)
            open[lease] = from
        }
        bench.step { $0.dependencyLocal(RayletBench.dependency(3).id, now: $1, into: &$2) }
        var served: Set<LeaseID> = []
        for _ in 0..<1000 where !open.isEmpty {
            bench.registerAll()
            for (lease, from) in open.sorted(by: { $0.key.number < $1.key.number }) where bench.worker(of: lease) != nil {
                served.insert(lease)
                open[lease] = nil
                // Some block for ever in between: their CPU must serve the others.
                if let process = bench.process(of: lease), random.chance(30) { bench.block(process, true) }
                bench.giveBack(lease, failed: random.chance(10), from: from)
                if let process = bench.killed.keys.first(where: { bench.raylet.workers[$0] != nil }) { bench.exit(process) }
            }
            for process in bench.killed.keys.sorted() where bench.raylet.workers[process] != nil { bench.exit(process) }
            if bench.timers.contains(where: { if case .furtherWorker = $0.timer { true } else { false } }) {
                for job in 1...3 { _ = try? bench.fireFurther(JobID(UInt32(job))) }
            }
        }
        #expect(open.isEmpty)
        #expect(served.count == 200)
        #expect(bench.raylet.available == .cpus(2))
    }
}
