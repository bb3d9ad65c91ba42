import EngineTestRemotes
import Foundation
import ObjectStore
import Rayflow
import RayflowCore
import Testing

extension EngineTests {
    @Suite("Errors, crashes and cancels")
    struct ErrorTests {
        @Test("a registered error comes home as itself, also from dependents; any other with its type and message")
        func typed() async throws {
            try await withCluster { _, _ in
                let failed = Tasks.overdraw.remote(5)
                let dependent = Tasks.square.remote(failed)
                await #expect(throws: Overdrawn(missing: 5)) { try await failed.get() }
                await #expect(throws: Overdrawn(missing: 5)) { try await dependent.get() }
                guard case .failure(let error) = await dependent.outcome() else {
                    Issue.record("no failure")
                    return
                }
                #expect(error.code == .taskFailed && error.cause is Overdrawn)
                #expect(error.task == "overdraw(by:)" || error.task == "overdraw")
                let plain = await #expect(throws: RayflowError.self) { try await Tasks.plain.remote().get() }
                #expect(plain?.code == .taskFailed && plain?.remoteType?.contains("Plain") == true)
                guard case .success(let value) = await Tasks.square.remote(2).outcome() else {
                    Issue.record("no success")
                    return
                }
                #expect(value == 4)
            }
        }

        @Test("errors of the body are retried when asked for")
        func retriedErrors() async throws {
            try await withCluster { _, _ in
                await #expect(throws: Overdrawn(missing: 1)) { try await Tasks.failsOnce.remote().get() }
                let any = try await Tasks.failsOnce.options(retryErrors: .any).remote().get()
                let typed = try await Tasks.failsOnce.options(retryErrors: .types(Overdrawn.self)).remote().get()
                #expect(any == 2 && typed == 2)
            }
        }

        @Test("a worker that is killed under a task: the task runs again, and the rest is not disturbed")
        func killedWorker() async throws {
            try await withCluster { ray, _ in
                let others = (0..<50).map { Tasks.square.remote($0) }
                #expect(try await Tasks.dies.remote(1).get() == 2)
                #expect(try await Tasks.dies.remote(3).get() == 4)
                let values = try await ray.get(others)
                #expect(values == (0..<50).map { $0 * $0 })
            }
        }

        @Test("without retries a killed worker is a typed error that says how it died")
        func crashed() async throws {
            try await withCluster { _, _ in
                let error = await #expect(throws: RayflowError.self) { try await Tasks.dies.options(maxRetries: 0).remote(1).get() }
                #expect(error?.code == .workerCrashed)
                #expect(error?.message.contains("signal 9") == true)
                let spent = await #expect(throws: RayflowError.self) { try await Tasks.dies.options(maxRetries: 1).remote(5).get() }
                #expect(spent?.code == .workerCrashed && spent?.attempt == 2)
            }
        }

        @Test("cancelling a pending task: it never runs")
        func cancelPending() async throws {
            try await withCluster(cpus: 1) { ray, _ in
                let scratch = Scratch()
                let blocker = Tasks.waits.remote(scratch.file("blocker"))
                _ = try await line(in: scratch.file("blocker"))
                let pending = Effects.mark.remote(scratch.file("marks"), 1)
                let dependent = Tasks.square.remote(pending)
                try await ray.cancel(pending)
                #expect(await code { try await pending.get() } == .cancelled)
                #expect(await code { try await dependent.get() } == .cancelled)
                try await ray.cancel(blocker)
                #expect(await code { try await blocker.get() } == .cancelled)
                #expect(try await Tasks.square.remote(2).get() == 4)
                #expect(scratch.lines("marks").isEmpty)
            }
        }

        @Test("cancelling a running task cancels its body; by force it kills the worker of one that does not listen")
        func cancelRunning() async throws {
            try await withCluster { ray, _ in
                let scratch = Scratch()
                let polite = Tasks.waits.remote(scratch.file("polite")), deaf = Tasks.deaf.remote(scratch.file("deaf"))
                _ = try await line(in: scratch.file("polite"))
                let pid = try #require(Int32(try await line(in: scratch.file("deaf"))))
                try await ray.cancel(polite)
                #expect(await code { try await polite.get() } == .cancelled)
                try await ray.cancel(deaf, force: true)
                #expect(await code { try await deaf.get() } == .cancelled)
                try await ends(pid)
                #expect(try await Tasks.square.remote(2).get() == 4)
            }
        }

        @Test("a task that takes longer than its time is stopped")
        func timeout() async throws {
            try await withCluster { _, _ in
                let scratch = Scratch()
                let slow = Tasks.deaf.options(maxRetries: 0, timeout: .milliseconds(200)).remote(scratch.file("slow"))
                #expect(await code { try await slow.get() } == .taskTimeout)
                let pid = try #require(Int32(try await line(in: scratch.file("slow"))))
                try await ends(pid)
            }
        }

        @Test("a get that takes too long ends alone: the task goes on")
        func getTimeout() async throws {
            try await withCluster { _, _ in
                let scratch = Scratch()
                let slow = Effects.slow.remote(scratch.file("gate"), 5)
                #expect(await code { try await slow.get(timeout: .milliseconds(1)) } == .getTimeout)
                try appendLine("", to: scratch.file("gate"))
                #expect(try await slow.get() == 5)
            }
        }

        @Test("cancelling the caller ends its get and leaves the task alone")
        func callerCancelled() async throws {
            try await withCluster { _, _ in
                let scratch = Scratch()
                let slow = Effects.slow.remote(scratch.file("gate"), 5)
                let reader = Task { try await slow.get() }
                reader.cancel()
                await #expect(throws: CancellationError.self) { try await reader.value }
                try appendLine("", to: scratch.file("gate"))
                #expect(try await slow.get() == 5)
            }
        }

        @Test("a store that is full of what is read says so, and has room again when it is let go")
        func storeFull() async throws {
            try await withCluster(storeBytes: 1, configure: { $0.objectStore.rules.waitTicks = 0 }) { ray, embedded in
                let room = embedded.raylet.arena.geometry.dataSize
                let part = room / 8 / 4 * 3
                do {
                    let first = try await ray.put([UInt64](repeating: 1, count: part)).view().get()
                    #expect(await code { _ = try ray.put([UInt64](repeating: 2, count: part)) } == .objectStoreFull)
                    let inPlace = ray.put(UInt64.self, count: part) { out in while out.count < out.capacity { out.append(3) } }
                    #expect(await code { _ = try await inPlace.get() } == .objectStoreFull)
                    #expect(first.last == 1)
                }
                // The release is on its way on the same connection, ahead of this.
                _ = try await Tasks.square.remote(1).get()
                let again = try ray.put([UInt64](repeating: 4, count: part))
                #expect(try await again.view().get()[part - 1] == 4)
            }
        }

        @Test("a disk that may not be filled is an error of its own, and what is there can still be read")
        func outOfDisk() async throws {
            func settings(_ options: inout EmbeddedCluster.Options) {
                options.objectStore.rules.waitTicks = 0
                // Nothing fits: whatever is in use is too much.
                options.objectStore.diskFullPercent = 0
                options.objectStore.rules.warmLimitPercent = 0
            }
            try await withCluster(storeBytes: 1, configure: settings) { ray, embedded in
                let part = embedded.raylet.arena.geometry.dataSize / 8 / 4 * 3
                let first = try ray.put([UInt64](repeating: 1, count: part))
                let failure = #expect(throws: RayflowError.self) { try ray.put([UInt64](repeating: 2, count: part)) }
                #expect(failure?.code == .outOfDisk && failure?.message.contains("nothing more can be spilled") == true)
                #expect(try await first.view().get()[part - 1] == 1)
            }
        }

        @Test("processes put and read many times what the store holds, and the figures of the store agree with its memory and its files")
        func spills() async throws {
            try await withCluster(storeBytes: 1) { ray, embedded in
                let part = embedded.raylet.arena.geometry.dataSize / 8 / 5
                let own = try (0..<8).map { try ray.put([UInt64](repeating: UInt64($0), count: part)) }
                let made = (0..<8).map { Tasks.leaves.remote(part, $0 * 50) }
                for (index, ref) in own.enumerated().reversed() {
                    let view = try await ref.view().get()
                    #expect(view.count == part && view.first == UInt64(index) && view.last == UInt64(index))
                }
                _ = try await ray.wait(made, count: made.count)
                for ref in made { #expect(try await ref.get().count == part) }
                var answer = JSON.null
                try await eventually {
                    answer = try await ray.memory()
                    return answer["totals"]?["moving"] == 0 && answer["totals"]?["retired"] == 0
                }
                let objects = answer["objects"]?.arrayValue ?? [], totals = answer["totals"]
                #expect(objects.count == 16 && answer["total"]?.intValue == 16)
                func sum(_ name: String) -> Int { objects.reduce(0) { $0 + ($1[name]?.intValue ?? 0) } }
                #expect(sum("arena") == totals?["arena"]?.intValue && sum("disk") == totals?["disk"]?.intValue)
                // Blocks are what is written, in units of the file system.
                let blocks = totals?["disk-blocks"]?.intValue ?? 0
                #expect(blocks > sum("disk") / 2 && blocks <= sum("disk") + 16 * 65536)
                #expect(Set(objects.compactMap { $0["tier"]?.stringValue }).count > 1)
            }
        }

        @Test("tasks and actors whose workers have another table of functions fail and say what to do, however often they may be tried")
        func otherTable() async throws {
            let cluster = try await Cluster.start(EngineRemotes.other, resources: ["CPU": 1], workers: .executable(Programs.worker))
            // With any number of retries: another worker of that program would be refused as well.
            for retries in [0, -1] {
                let error = await #expect(throws: RayflowError.self) {
                    try await Tasks.square.on(cluster).options(maxRetries: retries).remote(2).get()
                }
                #expect(error?.code == .programMismatch)
                #expect(error?.message.contains("Build the driver and the program of the workers from the same sources") == true)
            }
            let counter = Counter.start.on(cluster).options(maxRestarts: -1, maxTaskRetries: -1).remote(1)
            #expect(await code { try await counter.add.remote(1).get() } == .programMismatch)
            await cluster.shutDown()
        }

        @Test("what waits when the cluster is shut down fails, and so does what comes later")
        func shutDown() async throws {
            let scratch = Scratch()
            var kept: Cluster?
            var waiting: Task<RayflowError.Code?, Never>?
            try await withCluster { ray, _ in
                kept = ray
                let stuck = Tasks.waits.remote(scratch.file("stuck"))
                _ = try await line(in: scratch.file("stuck"))
                waiting = Task { await code { try await stuck.get() } }
            }
            #expect(await waiting?.value == .shutDown)
            let ray = try #require(kept)
            #expect(await code { _ = try await Tasks.square.on(ray).remote(2).get() } == .shutDown)
            #expect(await code { _ = try ray.put([Float](repeating: 1, count: 1_000_000)) } == .shutDown)
        }
    }
}
