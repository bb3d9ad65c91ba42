import ObjectStore
import RayflowCore
import Testing

@testable import Raylet

@Suite("A node short of memory") struct OutOfMemoryTests {
    private static func sample(_ bench: RayletBench, used: UInt64 = 100, holders: [MemorySample.Holder] = []) -> MemorySample {
        MemorySample(total: 100, used: used, taken: bench.now, processes: holders)
    }

    /// A bench with a sample for every step, and what its workers show.
    private struct Node {
        var bench: RayletBench
        var shown: [UInt64: ProcessActivity] = [:]

        init(cpus: Int) { bench = RayletBench(cpus: cpus) }

        mutating func lease(_ kind: LeaseKind = .task, since: UInt64?, retriable: Bool = true) throws -> (lease: LeaseID, process: UInt64) {
            let lease = try bench.request(kind, from: kind == .actor ? .gcs : RayletBench.driver)
            bench.registerAll()
            let process = try #require(bench.process(of: lease))
            if let since { shown[process] = .running(since: since, isRetriable: retriable) }
            return (lease, process)
        }

        mutating func look(used: UInt64 = 100, holders: [MemorySample.Holder] = []) {
            let sample = sample(bench, used: used, holders: holders), shown = shown
            bench.step { $0.memorySampled(sample, activity: { shown[$0] }, now: $1, into: &$2) }
        }
    }

    @Test("the newest retriable worker is ended; its holder hears outOfMemory when the process is gone")
    func newest() throws {
        var node = Node(cpus: 3)
        let old = try node.lease(since: 10), new = try node.lease(since: 20), unique = try node.lease(since: 30, retriable: false)
        node.look(used: 95)
        #expect(node.bench.killed.isEmpty, "95 % are allowed")
        node.look()
        #expect(node.bench.killed == [new.process: .outOfMemory])
        #expect(node.bench.loss(of: new.lease) == nil && node.bench.raylet.available == .cpus(0))
        node.look()
        #expect(node.bench.killed.count == 1)
        node.bench.now += 1
        node.bench.exit(new.process, "was killed by signal 9")
        let error = try #require(node.bench.loss(of: new.lease))
        #expect(error.code == .outOfMemory && error.message.hasPrefix("worker process 4711 was ended: the node runs out of memory: "))
        #expect(node.bench.raylet.available == .cpus(1))
        node.look()
        node.bench.exit(old.process)
        #expect(node.bench.loss(of: old.lease)?.code == .outOfMemory)
        node.look()
        #expect(node.bench.killed[unique.process] == .outOfMemory)
        #expect(node.bench.raylet.counters.outOfMemory == 3)
    }

    @Test("a worker that was chosen and given back meanwhile serves nobody else")
    func returned() throws {
        var node = Node(cpus: 1)
        let first = try node.lease(since: 10)
        node.look()
        node.bench.giveBack(first.lease)
        let next = try node.bench.request()
        #expect(node.bench.worker(of: next) == nil)
        node.bench.exit(first.process)
        #expect(node.bench.loss(of: first.lease) == nil)
        node.bench.registerAll()
        #expect(node.bench.process(of: next) != first.process)
        #expect(node.bench.worker(of: next) != nil)
    }

    @Test("an actor's process goes like a task's, and the GCS hears why")
    func actor() throws {
        var node = Node(cpus: 2)
        _ = try node.lease(since: 10)
        let actor = try node.lease(.actor, since: 20)
        node.look()
        #expect(node.bench.killed == [actor.process: .outOfMemory])
        node.bench.exit(actor.process)
        #expect(node.bench.loss(of: actor.lease)?.code == .outOfMemory)
    }

    @Test("a worker that cannot show what it does counts as not retriable since its lease; one between two tasks is left alone")
    func unknown() throws {
        var node = Node(cpus: 3)
        let silent = try node.lease(since: nil), between = try node.lease(since: nil), shown = try node.lease(since: 1)
        node.shown[between.process] = .idle
        node.look()
        #expect(node.bench.killed == [shown.process: .outOfMemory])
        node.bench.exit(shown.process)
        node.look()
        #expect(node.bench.killed[silent.process] == .outOfMemory)
        node.bench.exit(silent.process)
        node.look()
        #expect(node.bench.killed[between.process] == nil)
    }

    @Test("an idle worker that holds much is ended first, without loss to anybody")
    func idle() throws {
        var node = Node(cpus: 2)
        let first = try node.lease(since: 5), second = try node.lease(since: 9)
        node.bench.giveBack(first.lease)
        node.bench.step { raylet, _, _ in raylet.workerSpawned(process: first.process, pid: 11) }
        node.look(holders: [.init(pid: 11, name: "w", bytes: 1 << 30)])
        #expect(node.bench.killed == [first.process: .outOfMemory])
        node.bench.exit(first.process)
        #expect(node.bench.loss(of: first.lease) == nil)
        #expect(node.bench.worker(of: second.lease) != nil)
    }

    @Test("a sampler tells total and use from the files of the system, and names processes only when memory is short")
    func sampler() throws {
        let folder = try TestFolder()
        let files = [
            "proc/meminfo": "MemTotal: 1000 kB\nMemAvailable: 400 kB\n", "proc/self/cgroup": "0::/a/b\n",
            "cgroup/a/memory.max": "512000\n", "cgroup/a/memory.current": "300000\n",
            "cgroup/a/memory.stat": "anon 1\ninactive_file 100000\n",
        ]
        for (name, text) in files {
            let parent = try #require(FileBytes.parent(of: folder.path + "/" + name))
            #expect(FileBytes.makeFolder(parent) == 0)
            folder.write(name, Array(text.utf8))
        }
        let sampler = MemorySampler(.files(proc: folder.path + "/proc", cgroup: folder.path + "/cgroup"))
        let calm = sampler.sample(.init(usageThreshold: 0.95))
        #expect(calm.total == 512_000 && calm.used == 200_000 && calm.processes.isEmpty)
        let short = sampler.sample(.init(usageThreshold: 0.1))
        #expect(short.processes.first?.bytes ?? 0 > 0 && short.processes.first?.name.isEmpty == false)
        #expect(short.processes.map(\.bytes) == short.processes.map(\.bytes).sorted(by: >))
    }
}
