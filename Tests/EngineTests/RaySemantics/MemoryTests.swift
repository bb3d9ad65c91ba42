import EngineTestRemotes
import Foundation
import Glibc
import ObjectStore
import Rayflow
import RayflowCore
import Testing
import Transport

@testable import Raylet

extension EngineTests {
    @Suite("Memory, as Ray has it")
    struct MemoryTests {
        /// Memory of a node of which this program's workers use what they really hold, half of which they may.
        private static let mebibytes = 800

        /// Runs `body` on a node with that memory, looked at all the time.
        private func withMemory(cpus: Int = 4, retries: Int32, _ body: (Cluster, EmbeddedCluster) async throws -> Void) async throws {
            try await withCluster(
                cpus: cpus,
                configure: { options in
                    options.memory.rules.usageThreshold = 0.5
                    options.memory.refreshNS = 10_000_000
                    options.memory.taskOOMRetries = retries
                    options.memoryProbe = MemoryProbe {
                        let own = getpid()
                        let held = MemorySampler.holders().reduce(0) { sum, holder in
                            let isWorker = ProcessTable.relation(of: Int32(holder.pid))?.parent == own
                            return isWorker && ProcessTable.name(of: Int32(holder.pid)) == "rayflow-worker" ? sum + Int(holder.bytes) : sum
                        }
                        return .init(total: Self.mebibytes << 20, available: max((Self.mebibytes << 20) - held, 0))
                    }
                }, body)
        }

        /// Workers that were ended for their memory.
        private func endedWorkers(_ embedded: EmbeddedCluster) throws -> UInt64 {
            try embedded.loop.sync { embedded.raylet.snapshot().counters.outOfMemory }
        }

        @Test("70: above the threshold the newest task that may run again goes first, and one that may not goes when there is no other")
        func newestFirst() async throws {
            let scratch = Scratch(), gate = scratch.file("gate")
            try await withMemory(retries: 0) { _, _ in
                let old = Hoarding.hold.remote(scratch.file("old"), 60, gate)
                _ = try await line(in: scratch.file("old.held"))
                let new = Hoarding.hold.remote(scratch.file("new"), 60, gate)
                _ = try await line(in: scratch.file("new.held"))
                let unique = Hoarding.hold.options(maxRetries: 0).remote(scratch.file("unique"), 300, gate)
                guard case .failure(let error) = await new.outcome() else {
                    Issue.record("the newest retriable task has survived")
                    return
                }
                #expect(error.code == .outOfMemory && error.task == "hold" && error.attempt == 1)
                #expect(error.message.contains("the node runs out of memory: ") && error.message.contains("of 800.0 MiB are in use"))
                #expect(error.message.contains("rayflow-worker"))
                // Nothing is gained by that, or just enough: what is left stays, or goes in the same order.
                let more = Hoarding.hold.options(maxRetries: 0).remote(scratch.file("more"), 400, gate)
                #expect(await code { try await old.get() } == .outOfMemory)
                #expect(await code { try await more.get() } == .outOfMemory)
                _ = FileManager.default.createFile(atPath: gate, contents: nil)
                #expect(try await unique.get() == 300)
            }
        }

        @Test("70: retries after the end of a worker for its memory have a count of their own, also with maxRetries: -1")
        func ownCount() async throws {
            let scratch = Scratch(), gate = scratch.file("gate")
            try await withMemory(retries: 1) { _, embedded in
                let task = Hoarding.hold.options(maxRetries: -1).remote(scratch.file("lines"), 450, gate)
                guard case .failure(let error) = await task.outcome() else {
                    Issue.record("no failure")
                    return
                }
                #expect(error.code == .outOfMemory && error.attempt == 2)
                #expect(scratch.lines("lines") == ["begins", "begins"])
                let ended = try endedWorkers(embedded)
                #expect(ended == 2)
            }
        }

        @Test("70: a task that fits when the others are gone ends with its value")
        func again() async throws {
            let scratch = Scratch(), gate = scratch.file("gate")
            try await withMemory(retries: -1) { _, embedded in
                let first = Hoarding.hold.options(maxRetries: 0).remote(scratch.file("first"), 200, gate)
                _ = try await line(in: scratch.file("first.held"))
                let second = Hoarding.hold.options(maxRetries: 1).remote(scratch.file("second"), 250, gate)
                try await eventually { try endedWorkers(embedded) != 0 }
                _ = FileManager.default.createFile(atPath: gate, contents: nil)
                #expect(try await first.get() == 200)
                #expect(try await second.get() == 250)
                #expect(scratch.lines("second").count == 2)
            }
        }

        @Test("a worker that the kernel has killed for lack of memory ends as one that the monitor has, any other kill is a crash")
        func kernel() async throws {
            let scratch = Scratch()
            let events = scratch.file("memory.events"), root = scratch.path
            try "oom_kill 4\n".write(toFile: events, atomically: false, encoding: .utf8)
            try await withCluster(configure: { options in
                options.memory.taskOOMRetries = 0
                options.memoryProbe = MemoryProbe(
                    memory: { .init(total: 1, available: 1) },
                    kernelKills: {
                        let text = try? String(contentsOfFile: root + "/memory.events", encoding: .utf8)
                        return text?.split(whereSeparator: \.isWhitespace).last.flatMap { Int($0) }
                    })
            }) { _, _ in
                #expect(
                    await code { try await Hoarding.killed.options(maxRetries: 0).remote(scratch.file("other")).get() } == .workerCrashed)
                guard case .failure(let error) = await Hoarding.killed.options(maxRetries: -1).remote(events).outcome() else {
                    Issue.record("no failure")
                    return
                }
                #expect(error.code == .outOfMemory && error.message.contains("the kernel ran out of memory"))
                #expect(
                    await code { try await Hoarding.killed.options(maxRetries: 0).remote(scratch.file("other")).get() } == .workerCrashed)
            }
        }

        @Test("70: an actor that holds too much is ended: its calls say why, and it is made again as often as maxRestarts allows")
        func actor() async throws {
            let scratch = Scratch()
            try await withMemory(retries: 0) { _, _ in
                let hoarder = Hoarder.start.options(maxRestarts: 1).remote(scratch.file("lives"))
                let count1 = try await hoarder.count.remote().get()
                #expect(count1 == 0)
                guard case .failure(let first) = await hoarder.hold.remote(450).outcome() else {
                    Issue.record("no failure")
                    return
                }
                #expect(first.code == .actorUnavailable && first.message.contains("the node runs out of memory"))
                let count2 = try await hoarder.count.remote().get()
                #expect(count2 == 0)
                guard case .failure(let second) = await hoarder.hold.remote(450).outcome() else {
                    Issue.record("no failure")
                    return
                }
                #expect(second.code == .actorDied && second.message.contains("the node runs out of memory"))
                #expect(scratch.lines("lives").count == 2)
            }
        }
    }
}
